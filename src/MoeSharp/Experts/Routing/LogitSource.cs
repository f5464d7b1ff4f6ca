using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Routing;

/// <summary>Makes router logits of tokens.</summary>
public abstract class LogitSource
{
    /// <summary>True when the logits mean nothing: the router looks ids up.</summary>
    public virtual bool IsEmpty => false;

    /// <summary>The trainable tensors.</summary>
    public abstract IEnumerable<Parameter> Parameters { get; }

    /// <summary>Makes the parameters.</summary>
    /// <param name="name">Path of the router in the model.</param>
    /// <param name="hiddenSize">D.</param>
    /// <param name="expertCount">E.</param>
    /// <param name="rng">For starting values; null leaves the weights undefined, for loading.</param>
    public abstract void Initialize(string name, int hiddenSize, int expertCount, Rng? rng);

    /// <summary>Logits <c>[T, E]</c> of <c>x [T, D]</c>.</summary>
    public abstract Tensor Apply(Tensor x);
}
