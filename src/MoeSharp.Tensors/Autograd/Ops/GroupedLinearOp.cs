using MoeSharp.Tensors.Kernels.MatMul;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>A linear layer an expert, over rows sorted by expert.</summary>
/// <remarks>
/// <para>Shapes: <c>x [N, K]</c>, <c>weight [E, M, K]</c>, <c>offsets [E + 1]</c>, <c>bias [E, M]</c> or none → <c>y [N, M]</c>.
/// Expert e owns rows <c>offsets[e]</c> to <c>offsets[e + 1] − 1</c>; offsets rise from 0 to N, equal neighbours are an expert without rows.</para>
/// <para>Formula, for the rows of e: <c>y = x·W[e]ᵀ + b[e]</c>; <c>dx = dy·W[e]</c>, <c>dW[e] = dyᵀ·x</c>, <c>db[e] = Σ rows of dy</c>;
/// an expert without rows has a gradient of zeros.</para>
/// <para>Rounding as <see cref="LinearOp"/>; the rows of one expert do not depend on those of another.</para>
/// </remarks>
public sealed unsafe class GroupedLinearOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _weight;
    private readonly Indices _offsets;
    private readonly Tensor? _bias;

    private GroupedLinearOp(Tensor x, Tensor weight, Indices offsets, Tensor? bias, Tensor output)
        : base(output)
    {
        _x = x;
        _weight = weight;
        _offsets = offsets;
        _bias = bias;
    }

    /// <summary>Applies to every row the weight of its expert.</summary>
    /// <exception cref="TensorShapeException">Weight, bias or offsets do not fit x.</exception>
    public static Tensor Apply(Tensor x, Tensor weight, Indices offsets, Tensor? bias = null)
    {
        if (weight.Shape.Rank != 3 || x.Shape.Rank != 2 || x.Columns != weight.Columns)
        {
            Throw.Shape($"grouped linear: got x {x.Shape} and a weight {weight.Shape}. They must be [rows, inputs] and [experts, outputs, inputs].");
        }

        int rows = x.Rows, experts = (int)weight.Shape[0], outputs = (int)weight.Shape[1], inputs = weight.Columns;
        CheckOffsets(offsets.Span, experts, rows);
        TensorScope scope = ScopeOf("grouped linear", x);
        Tensor output = scope.New(new TensorShape(rows, outputs));
        if (bias is not null)
        {
            FillBias(output, bias, offsets, experts, outputs);
        }

        GroupedMatMulKernel.Nt(
            scope.Workers, x.Pointer, weight.Pointer, output.Pointer, offsets.Pointer, experts, outputs, inputs, accumulate: bias is not null);
        return Records(scope, x, weight, bias) ? Record(scope, new GroupedLinearOp(x, weight, offsets, bias, output)) : output;
    }

    /// <summary>Applies to every row the weight of its expert, however it is stored.</summary>
    /// <inheritdoc cref="Apply(Tensor, Tensor, Indices, Tensor)"/>
    public static Tensor Apply(Tensor x, Parameter weight, Indices offsets, Tensor? bias = null)
    {
        x.Scope?.ProductObserver?.Observe(weight, x, offsets);
        return weight.Packed is { } packed ? PackedLinear.Apply(x, packed, offsets, bias) : Apply(x, weight.Value, offsets, bias);
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Workers workers = Output.Scope!.Workers;
        int experts = (int)_weight.Shape[0], outputs = (int)_weight.Shape[1], inputs = _weight.Columns;
        float* gradient = OutputGradient.Pointer;
        if (_x.NeedsGradient)
        {
            Tensor target = _x.GradientFor(out bool accumulate);
            GroupedMatMulKernel.Nn(
                workers, gradient, _weight.Pointer, target.Pointer, _offsets.Pointer, experts, outputs, inputs, accumulate);
        }

        if (_weight.NeedsGradient)
        {
            Tensor target = _weight.GradientFor(out bool accumulate);
            GroupedMatMulKernel.Tn(
                workers, gradient, _x.Pointer, target.Pointer, _offsets.Pointer, experts, outputs, inputs, accumulate);
        }

        if (_bias is { NeedsGradient: true })
        {
            Tensor target = _bias.GradientFor(out bool accumulate);
            for (int e = 0; e < experts; e++)
            {
                int start = _offsets[e];
                RowBiasKernel.Sum(
                    gradient + ((long)start * outputs), target.Pointer + ((long)e * outputs), _offsets[e + 1] - start, outputs, accumulate);
            }
        }
    }

    /// <summary>Starts every row with the bias of its expert.</summary>
    internal static void FillBias(Tensor output, Tensor bias, Indices offsets, int experts, int outputs)
    {
        Throw.UnlessShape("grouped linear bias", bias, new TensorShape(experts, outputs));
        for (int e = 0; e < experts; e++)
        {
            int start = offsets[e];
            RowBiasKernel.Fill(
                output.Pointer + ((long)start * outputs), bias.Pointer + ((long)e * outputs), offsets[e + 1] - start, outputs);
        }
    }

    internal static void CheckOffsets(ReadOnlySpan<int> offsets, int experts, int rows)
    {
        if (offsets.Length != experts + 1)
        {
            Throw.Shape($"grouped linear: got {offsets.Length} offsets for {experts} experts. There must be {experts + 1}.");
        }

        if (offsets[0] != 0 || offsets[experts] != rows)
        {
            Throw.Shape($"grouped linear: the offsets go from {offsets[0]} to {offsets[experts]}. They must go from 0 to the count of rows, {rows}.");
        }

        for (int e = 0; e < experts; e++)
        {
            if (offsets[e] > offsets[e + 1])
            {
                Throw.Shape($"grouped linear: offset {e + 1} is {offsets[e + 1]}, less than {offsets[e]} before it. Offsets must not fall.");
            }
        }
    }
}
