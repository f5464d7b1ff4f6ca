using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Chooses experts for tokens: the second part of a router. No gradient passes it.</summary>
public abstract partial class Select
{
    /// <summary>True where the choice for a token depends on other tokens of the batch: such a router is not causal and a server refuses it.</summary>
    public virtual bool DependsOnBatch => false;

    /// <summary>True where the choice for a token depends on <b>later</b> tokens in evaluation too: a causal decoder refuses it.</summary>
    public virtual bool LooksAhead => false;

    /// <summary>True to choose by logits where the router scores otherwise (Llama-4): differs only where scores saturate.</summary>
    public virtual bool ChoosesByLogits => false;

    /// <summary>True where the choice itself gives places in the buffers of experts (expert choice: its rank).</summary>
    public virtual bool GivesPositions => false;

    /// <summary>Choices a token, K: columns of ids and weights.</summary>
    /// <param name="expertCount">E.</param>
    public abstract int Width(int expertCount);

    /// <summary>Choices a token has on average: the k of capacities and balance losses.</summary>
    /// <param name="expertCount">E.</param>
    public virtual int ChoicesPerToken(int expertCount) => Width(expertCount);

    /// <summary>Writes the chosen experts.</summary>
    /// <param name="input">What to choose by.</param>
    /// <param name="ids">Expert ids <c>[T·K]</c>, −1 for none.</param>
    public abstract void Choose(in SelectInput input, Indices ids);

    /// <summary>The faults of this choice among <paramref name="expertCount"/> experts.</summary>
    /// <param name="expertCount">E.</param>
    /// <param name="faults">Where to add them.</param>
    internal virtual void Validate(int expertCount, List<string> faults)
    {
        if (Width(expertCount) is int width && (width < 1 || width > expertCount))
        {
            faults.Add($"TopK must be between 1 and ExpertCount ({expertCount}), got {width}.");
        }
    }
}
