namespace MoeSharp.Inference.Sampling;

/// <summary>How the next token is chosen from logits.</summary>
/// <remarks>Order: repetition penalty, temperature, top-k, top-p, min-p, draw. Each rule sees what the ones before left.</remarks>
public sealed record SamplingOptions
{
    /// <summary>Always the highest logit; equal logits take the lower id.</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    /// <summary>Logits are divided by it; 0 is greedy.</summary>
    /// <value>1 by default.</value>
    public float Temperature { get; init; } = 1;

    /// <summary>Only the k highest stay; 0 for all.</summary>
    /// <value>0 by default.</value>
    public int TopK { get; init; }

    /// <summary>Only the fewest highest stay whose probabilities reach this sum; 1 for all.</summary>
    /// <value>1 by default.</value>
    public float TopP { get; init; } = 1;

    /// <summary>Only those stay whose probability is at least this share of the highest; 0 for all.</summary>
    /// <value>0 by default.</value>
    public float MinP { get; init; }

    /// <summary>Logits of tokens that occurred, prompt included, are divided by it when positive and multiplied when negative; 1 for none.</summary>
    /// <value>1 by default.</value>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>The same seed draws the same tokens.</summary>
    /// <value>0 by default.</value>
    public ulong Seed { get; init; }

    /// <summary>Throws when something is out of range.</summary>
    /// <exception cref="ConfigException">With all faults.</exception>
    public SamplingOptions Validate()
    {
        List<string> faults = [];
        if (!(Temperature >= 0 && float.IsFinite(Temperature)))
        {
            faults.Add($"Temperature must not be negative, got {Temperature}. Use 0 for greedy.");
        }

        if (TopK < 0)
        {
            faults.Add($"TopK must not be negative, got {TopK}. Use 0 for all tokens.");
        }

        if (!(TopP is > 0 and <= 1))
        {
            faults.Add($"TopP must be greater than 0 and at most 1, got {TopP}. Use 1 for all tokens.");
        }

        if (!(MinP is >= 0 and <= 1))
        {
            faults.Add($"MinP must be between 0 and 1, got {MinP}. Use 0 for all tokens.");
        }

        if (!(RepetitionPenalty > 0 && float.IsFinite(RepetitionPenalty)))
        {
            faults.Add($"RepetitionPenalty must be greater than 0, got {RepetitionPenalty}. Use 1 for none.");
        }

        ConfigException.ThrowIfAny(nameof(SamplingOptions), faults);
        return this;
    }
}
