using MoeSharp.Tensors;

namespace MoeSharp.Data;

/// <summary>Rows of tokens for one step: what goes in, what should come out, and where sequences begin.</summary>
/// <remarks>Shapes: inputs and targets <c>[T]</c>, T = B·S for full batches. Attention stays inside the sequences of <see cref="Layout"/>.</remarks>
public sealed class TokenBatch
{
    internal TokenBatch(int[] inputs, int[] targets, SequenceLayout layout)
    {
        Inputs = inputs;
        Targets = targets;
        Layout = layout;
        foreach (int target in targets)
        {
            CountedTargets += target >= 0 ? 1 : 0;
        }
    }

    /// <summary>Token ids [T].</summary>
    public int[] Inputs { get; }

    /// <summary>The token after each [T]; -1 where the next token belongs to another document.</summary>
    public int[] Targets { get; }

    /// <summary>The sequences: each row of the batch, cut where documents begin.</summary>
    public SequenceLayout Layout { get; }

    /// <summary>Start of each sequence, then T.</summary>
    public ReadOnlySpan<int> SequenceStarts => Layout.Starts;

    /// <summary>Targets that are not -1.</summary>
    public int CountedTargets { get; }
}
