using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Rows of padding set to the smallest number, the others as they are; padding gets no gradient.</summary>
/// <remarks>Shapes: <c>x [T, P]</c>, <c>padding [T]</c> → <c>[T, P]</c>. A softmax over such a row is uniform, over a column it is 0 there.</remarks>
internal sealed class MaskRowsOp : Operation
{
    private readonly Tensor _x;
    private readonly Indices _padding;

    private MaskRowsOp(Tensor x, Indices padding, Tensor output)
        : base(output)
    {
        _x = x;
        _padding = padding;
    }

    /// <summary>Masks the rows.</summary>
    public static Tensor Apply(Tensor x, Indices padding)
    {
        TensorScope scope = ScopeOf("mask rows", x);
        Tensor output = scope.New(x.Shape);
        for (int t = 0; t < x.Rows; t++)
        {
            if (padding[t] != 0)
            {
                output.Row(t).Fill(float.MinValue);
            }
            else
            {
                x.Row(t).CopyTo(output.Row(t));
            }
        }

        return Records(scope, x) ? Record(scope, new MaskRowsOp(x, padding, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _x.GradientFor(out bool accumulate);
        for (int t = 0; t < gradient.Rows; t++)
        {
            RemainderOp.RowScaleAdd(OutputGradient.Row(t), _padding[t] != 0 ? 0 : 1, gradient.Row(t), accumulate);
        }
    }
}
