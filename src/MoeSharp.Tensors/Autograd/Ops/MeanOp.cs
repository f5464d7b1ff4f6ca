namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>The mean of all elements: a <see cref="SumOp"/> with the factor 1/n.</summary>
public static class MeanOp
{
    /// <summary>Averages all elements into a scalar.</summary>
    public static Tensor Apply(Tensor x) => SumOp.Apply(x, 1f / x.Length);
}
