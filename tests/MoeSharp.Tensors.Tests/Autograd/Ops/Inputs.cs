using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

/// <summary>Random free tensors, and their way into a scope with the gradient following.</summary>
internal static class Inputs
{
    public static Tensor Normal(TensorShape shape, ulong seed, float deviation = 1)
    {
        Tensor tensor = Tensor.Zeros(shape);
        new Rng(seed).FillNormal(tensor.Span, deviation);
        return tensor;
    }

    /// <summary>Away from zero by at least a tenth, for functions with a kink there.</summary>
    public static Tensor AwayFromZero(TensorShape shape, ulong seed)
    {
        Tensor tensor = Normal(shape, seed);
        foreach (ref float value in tensor.Span)
        {
            value += MathF.CopySign(0.1f, value);
        }

        return tensor;
    }

    public static Tensor Positive(TensorShape shape, ulong seed)
    {
        Tensor tensor = Tensor.Zeros(shape);
        new Rng(seed).FillUniform(tensor.Span, 0.2f, 1.5f);
        return tensor;
    }

    /// <summary>The tensor as an activation of the scope.</summary>
    public static Tensor In(this Tensor tensor, TensorScope scope) => AddOp.Apply(scope.Zeros(tensor.Shape), tensor);
}
