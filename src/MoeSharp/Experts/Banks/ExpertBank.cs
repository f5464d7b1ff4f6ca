using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Banks;

/// <summary>The experts of a layer, seen together: rows sorted by expert go in, their results come out.</summary>
/// <remarks>
/// <para>Weights of one projection stand in one tensor, <c>[E, F, D]</c> or <c>[E, D, F]</c>, expert after expert.</para>
/// <para>A bank belongs to the layer that it was given to; its parameters exist from then on.</para>
/// </remarks>
public abstract class ExpertBank
{
    private protected ExpertBank(int count)
    {
        if (count < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(count), $"experts: a bank needs at least one expert, got {count}.");
        }

        Count = count;
    }

    /// <summary>E.</summary>
    public int Count { get; }

    /// <summary>Banks whose experts are numbered one after another; most banks have one part, themselves.</summary>
    public virtual IReadOnlyList<ExpertBank> Parts => _self ??= [this];

    /// <summary>The trainable tensors.</summary>
    public abstract IEnumerable<Parameter> Parameters { get; }

    /// <summary>True when results are always zero, so that rows need not be fetched.</summary>
    internal virtual bool IsZero => false;

    private ExpertBank[]? _self;

    /// <summary>Experts <c>down(silu(gate·x) ∘ up·x)</c>.</summary>
    /// <param name="count">E.</param>
    /// <param name="intermediateSize">F.</param>
    /// <param name="hasBias">True for a bias on every projection.</param>
    public static FeedForwardBank SwiGlu(int count, int intermediateSize, bool hasBias = false) =>
        new(count, intermediateSize, Activation.Silu, gated: true, hasBias);

    /// <summary>Experts <c>down(gelu(gate·x) ∘ up·x)</c>, exact GELU.</summary>
    /// <param name="count">E.</param>
    /// <param name="intermediateSize">F.</param>
    /// <param name="hasBias">True for a bias on every projection.</param>
    public static FeedForwardBank GeGlu(int count, int intermediateSize, bool hasBias = false) =>
        new(count, intermediateSize, Activation.Gelu, gated: true, hasBias);

    /// <summary>Experts <c>down(gelu(up·x))</c>, exact GELU.</summary>
    /// <param name="count">E.</param>
    /// <param name="intermediateSize">F.</param>
    /// <param name="hasBias">True for a bias on both projections.</param>
    public static FeedForwardBank Gelu(int count, int intermediateSize, bool hasBias = false) =>
        new(count, intermediateSize, Activation.Gelu, gated: false, hasBias);

    /// <summary>Experts <c>down(relu(up·x))</c>.</summary>
    /// <param name="count">E.</param>
    /// <param name="intermediateSize">F.</param>
    /// <param name="hasBias">True for a bias on both projections.</param>
    public static FeedForwardBank Relu(int count, int intermediateSize, bool hasBias = false) =>
        new(count, intermediateSize, Activation.Relu, gated: false, hasBias);

    /// <summary>Experts that return their input (LongCat-Flash, MoE++ "copy").</summary>
    /// <param name="count">E.</param>
    public static ExpertBank Identity(int count) => new IdentityBank(count);

    /// <summary>Experts that return zero: a token may choose to skip the layer (MoE++ "zero").</summary>
    /// <param name="count">E.</param>
    public static ExpertBank Zero(int count) => new ZeroBank(count);

    /// <summary>Experts that return a learned vector, whatever the input (MoE++ "constant").</summary>
    /// <param name="count">E.</param>
    public static ExpertBank Constant(int count) => new ConstantBank(count);

    /// <summary>Several banks as one: experts of different width or kind, numbered one after another.</summary>
    /// <param name="parts">The banks.</param>
    public static ExpertBank Mixed(params ExpertBank[] parts) => new MixedBank(parts);

    /// <summary>Makes the parameters.</summary>
    /// <param name="name">Path of the bank in the model.</param>
    /// <param name="hiddenSize">D.</param>
    /// <param name="rng">For starting values; null leaves the weights undefined, for loading.</param>
    internal abstract void Initialize(string name, int hiddenSize, Rng? rng);

    /// <summary>Runs every expert on its rows.</summary>
    /// <param name="rows">Rows sorted by expert <c>[N, D]</c>.</param>
    /// <param name="offsets">First row of every expert, and N <c>[E + 1]</c>.</param>
    /// <returns>Results <c>[N, D]</c>.</returns>
    public abstract Tensor Forward(Tensor rows, Indices offsets);
}
