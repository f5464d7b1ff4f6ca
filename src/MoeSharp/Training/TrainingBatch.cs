using MoeSharp.Tensors;

namespace MoeSharp.Training;

/// <summary>What one forward pass sees: tokens, what should follow them, and where sequences begin.</summary>
/// <remarks>Shapes: <c>inputs, targets [T]</c>; a target of −1 is not counted (padding, a document's last token).</remarks>
public sealed class TrainingBatch
{
    /// <summary>Checks and counts a batch.</summary>
    /// <param name="inputs">Token ids [T].</param>
    /// <param name="targets">The token that follows each, or −1.</param>
    /// <param name="layout">The sequences of the T rows.</param>
    /// <exception cref="TensorShapeException">The lengths differ.</exception>
    public TrainingBatch(ReadOnlyMemory<int> inputs, ReadOnlyMemory<int> targets, SequenceLayout layout)
    {
        if (inputs.Length != targets.Length || inputs.Length != layout.RowCount)
        {
            throw new TensorShapeException(
                $"batch: got {inputs.Length} inputs, {targets.Length} targets and a layout of {layout.RowCount} rows. All must be equal.");
        }

        Inputs = inputs;
        Targets = targets;
        Layout = layout;
        foreach (int target in targets.Span)
        {
            CountedTargets += target >= 0 ? 1 : 0;
        }
    }

    /// <summary>Token ids [T].</summary>
    public ReadOnlyMemory<int> Inputs { get; }

    /// <summary>The token that follows each, or −1 [T].</summary>
    public ReadOnlyMemory<int> Targets { get; }

    /// <summary>The sequences of the rows.</summary>
    public SequenceLayout Layout { get; }

    /// <summary>Targets that count in the loss.</summary>
    public int CountedTargets { get; }

    /// <summary>T.</summary>
    public int TokenCount => Inputs.Length;
}
