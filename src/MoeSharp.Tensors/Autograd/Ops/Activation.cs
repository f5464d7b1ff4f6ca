namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>A function of one number, applied element by element.</summary>
public enum Activation
{
    /// <summary>x.</summary>
    Identity,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>max(x, 0)².</summary>
    ReluSquared,

    /// <summary>x·σ(x), also named swish.</summary>
    Silu,

    /// <summary>x·Φ(x) with the exact error function.</summary>
    Gelu,

    /// <summary>The tanh approximation of <see cref="Gelu"/> (<c>gelu_new</c>, <c>gelu_pytorch_tanh</c>).</summary>
    GeluTanh,

    /// <summary>x·σ(1.702·x).</summary>
    QuickGelu,

    /// <summary>1/(1 + e⁻ˣ).</summary>
    Sigmoid,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>log(1 + eˣ).</summary>
    Softplus,

    /// <summary>x·tanh(softplus(x)).</summary>
    Mish,

    /// <summary>x where x &gt; 0, else eˣ − 1.</summary>
    Elu,
}
