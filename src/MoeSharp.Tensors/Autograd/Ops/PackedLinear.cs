using MoeSharp.Tensors.Kernels.MatMul;
using MoeSharp.Tensors.Quantization;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Products;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Linear layers whose weight is packed: the forward side of <see cref="LinearOp"/> and <see cref="GroupedLinearOp"/>.</summary>
/// <remarks>Shapes and formulas are theirs. A packed weight is frozen, and gradients do not pass it.</remarks>
internal static unsafe class PackedLinear
{
    /// <summary><c>y = x·Wᵀ + b</c> for a weight <c>[N, K]</c>.</summary>
    public static Tensor Apply(Tensor x, PackedWeight weight, Tensor? bias)
    {
        if (weight.Shape.Rank != 2 || x.Shape.Rank == 0 || x.Columns != weight.Shape.Columns)
        {
            Throw.Shape($"linear: got x {x.Shape} and a weight {weight}. The weight must be [outputs, inputs], its inputs the last dimension of x.");
        }

        int rows = x.Rows, outputs = checked((int)weight.Shape[0]);
        Tensor output = Prepare("linear", x, LinearOp.WithColumns(x.Shape, outputs));
        if (bias is not null)
        {
            Throw.UnlessShape("linear bias", bias, new TensorShape(outputs));
            RowBiasKernel.Fill(output.Pointer, bias.Pointer, rows, outputs);
        }

        int* offsets = stackalloc int[] { 0, rows };
        Run(x, weight, output, offsets, 1, bias is not null);
        return output;
    }

    /// <summary>The same with the weight of each row's expert, <c>[E, M, K]</c>.</summary>
    public static Tensor Apply(Tensor x, PackedWeight weight, Indices offsets, Tensor? bias)
    {
        if (weight.Shape.Rank != 3 || x.Shape.Rank != 2 || x.Columns != weight.Shape.Columns)
        {
            Throw.Shape($"grouped linear: got x {x.Shape} and a weight {weight}. They must be [rows, inputs] and [experts, outputs, inputs].");
        }

        int experts = (int)weight.Shape[0], outputs = checked((int)weight.Shape[1]);
        GroupedLinearOp.CheckOffsets(offsets.Span, experts, x.Rows);
        Tensor output = Prepare("grouped linear", x, new TensorShape(x.Rows, outputs));
        if (bias is not null)
        {
            GroupedLinearOp.FillBias(output, bias, offsets, experts, outputs);
        }

        Run(x, weight, output, offsets.Pointer, experts, bias is not null);
        return output;
    }

    private static void Run(Tensor x, PackedWeight weight, Tensor output, int* offsets, int experts, bool accumulate)
    {
        TensorScope scope = output.Scope!;
        if (weight.IsExact)
        {
            DequantizedProduct.Run(scope.Workers, x.Pointer, weight, output.Pointer, offsets, experts, accumulate);
        }
        else
        {
            PanelProduct.Run(scope, x, weight, output, offsets, experts, accumulate);
        }
    }

    private static Tensor Prepare(string where, Tensor x, TensorShape shape)
    {
        TensorScope scope = x.Scope ?? throw new InvalidOperationException(
            $"{where}: the input {x.Shape} stands free. Make it in a TensorScope (scope.From …), where the result can live too.");
        if (scope.Tape is { IsRecording: true } && x.NeedsGradient)
        {
            throw new InvalidOperationException(
                $"{where}: the weight is packed, and gradients do not pass a packed weight. Load the model in float32 to train it.");
        }

        return scope.New(shape);
    }
}
