using MoeSharp.Tensors.Kernels.MatMul;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>A linear layer: every row times a weight matrix.</summary>
/// <remarks>
/// <para>Shapes: <c>x [.., K]</c>, <c>weight [N, K]</c>, <c>bias [N]</c> or none → <c>y [.., N]</c>.</para>
/// <para>Formula: <c>y = x·Wᵀ + b</c>; <c>dx = dy·W</c>, <c>dW = dyᵀ·x</c>, <c>db = Σ rows of dy</c>.</para>
/// <para>Rounding: one chain of fused multiply-adds over ascending k an element, starting from the bias; the same bits at any
/// row count, thread count and lane width.</para>
/// </remarks>
public sealed unsafe class LinearOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _weight;
    private readonly Tensor? _bias;

    private LinearOp(Tensor x, Tensor weight, Tensor? bias, Tensor output)
        : base(output)
    {
        _x = x;
        _weight = weight;
        _bias = bias;
    }

    /// <summary>Applies a weight to every row of <paramref name="x"/>.</summary>
    /// <exception cref="TensorShapeException">The weight is not <c>[N, K]</c> for the K of x, or the bias not <c>[N]</c>.</exception>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias = null)
    {
        if (weight.Shape.Rank != 2 || x.Shape.Rank == 0 || x.Columns != weight.Columns)
        {
            Throw.Shape($"linear: got x {x.Shape} and a weight {weight.Shape}. The weight must be [outputs, inputs], its inputs the last dimension of x.");
        }

        int rows = x.Rows, outputs = weight.Rows, inputs = weight.Columns;
        TensorScope scope = ScopeOf("linear", x);
        Tensor output = scope.New(WithColumns(x.Shape, outputs));
        if (bias is not null)
        {
            Throw.UnlessShape("linear bias", bias, new TensorShape(outputs));
            RowBiasKernel.Fill(output.Pointer, bias.Pointer, rows, outputs);
        }

        MatMulKernel.Nt(scope.Workers, x.Pointer, weight.Pointer, output.Pointer, rows, outputs, inputs, accumulate: bias is not null);
        return Records(scope, x, weight, bias) ? Record(scope, new LinearOp(x, weight, bias, output)) : output;
    }

    /// <summary>Applies a weight, however it is stored, to every row of <paramref name="x"/>.</summary>
    /// <inheritdoc cref="Apply(Tensor, Tensor, Tensor)"/>
    public static Tensor Apply(Tensor x, Parameter weight, Tensor? bias = null)
    {
        x.Scope?.ProductObserver?.Observe(weight, x, null);
        return weight.Packed is { } packed ? PackedLinear.Apply(x, packed, bias) : Apply(x, weight.Value, bias);
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Workers workers = Output.Scope!.Workers;
        int rows = _x.Rows, outputs = _weight.Rows, inputs = _weight.Columns;
        float* gradient = OutputGradient.Pointer;
        if (_x.NeedsGradient)
        {
            Tensor target = _x.GradientFor(out bool accumulate);
            MatMulKernel.Nn(workers, gradient, _weight.Pointer, target.Pointer, rows, inputs, outputs, accumulate);
        }

        if (_weight.NeedsGradient)
        {
            Tensor target = _weight.GradientFor(out bool accumulate);
            MatMulKernel.Tn(workers, gradient, _x.Pointer, target.Pointer, outputs, inputs, rows, accumulate);
        }

        if (_bias is { NeedsGradient: true })
        {
            Tensor target = _bias.GradientFor(out bool accumulate);
            RowBiasKernel.Sum(gradient, target.Pointer, rows, outputs, accumulate);
        }
    }

    /// <summary>A shape with another last dimension.</summary>
    internal static TensorShape WithColumns(TensorShape shape, long columns) => shape.Rank switch
    {
        1 => new(columns),
        2 => new(shape[0], columns),
        3 => new(shape[0], shape[1], columns),
        _ => new(shape[0], shape[1], shape[2], columns),
    };
}
