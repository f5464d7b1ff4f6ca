using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>A bias that evens out the load without a loss: added to scores for choosing only, never for weighting.</summary>
/// <remarks>
/// <para>Formula, once an optimiser step: <c>b_e += γ·sign(mean load − load_e)</c>; sign(0) = 0. No gradient.</para>
/// <para>Loads are summed over all micro-batches of the step (<see cref="Count"/>) before the sign is taken (<see cref="Update()"/>).</para>
/// <para>Source: Wang et al. 2024, arXiv:2408.15664; γ = 0.001 in DeepSeek-V3, arXiv:2412.19437.</para>
/// </remarks>
public sealed class ExpertBias
{
    private long[] _counts = [];

    /// <summary>Describes the bias; the router makes its vector.</summary>
    /// <param name="updateRate">γ; 0 keeps the bias as it is.</param>
    /// <param name="centred">True to subtract the mean of each update, so that the biases keep their sum (TorchTitan).</param>
    public ExpertBias(float updateRate = 1e-3f, bool centred = false)
    {
        UpdateRate = updateRate;
        Centred = centred;
    }

    /// <summary>γ. May be changed during training (DeepSeek-V3 ends with 0).</summary>
    public float UpdateRate { get; set; }

    /// <summary>True when the mean of each update is subtracted.</summary>
    public bool Centred { get; }

    /// <summary>The bias <c>[E]</c>; part of a checkpoint, but not trained by the optimiser.</summary>
    public Tensor Value { get; private set; } = Tensor.Zeros(new TensorShape(0));

    /// <summary>Adds the load of one micro-batch.</summary>
    /// <param name="decision">What the router decided; choices count before drops.</param>
    public void Count(in RoutingDecision decision)
    {
        foreach (int id in decision.Ids.Span)
        {
            if (id >= 0)
            {
                _counts[id]++;
            }
        }
    }

    /// <summary>Moves the bias by the loads since the last update, and forgets them.</summary>
    public void Update()
    {
        Update(_counts);
        Array.Clear(_counts);
    }

    /// <summary>Moves the bias by given loads.</summary>
    /// <param name="tokensPerExpert">Load of every expert [E].</param>
    public void Update(ReadOnlySpan<long> tokensPerExpert)
    {
        long total = 0;
        foreach (long count in tokensPerExpert)
        {
            total += count;
        }

        // sign(mean − count) without rounding: total − count·E.
        Span<float> bias = Value.Span;
        int experts = tokensPerExpert.Length, signs = 0;
        foreach (long count in tokensPerExpert)
        {
            signs += Math.Sign(total - (count * experts));
        }

        float mean = Centred ? UpdateRate * signs / experts : 0;
        for (int e = 0; e < experts; e++)
        {
            bias[e] += (UpdateRate * Math.Sign(total - (tokensPerExpert[e] * experts))) - mean;
        }
    }

    /// <summary>Makes the vector, zeros.</summary>
    internal void Initialize(int expertCount)
    {
        Value = Tensor.Zeros(new TensorShape(expertCount));
        _counts = new long[expertCount];
    }
}
