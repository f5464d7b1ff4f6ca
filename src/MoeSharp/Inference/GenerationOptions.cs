using MoeSharp.Experts.Routing;
using MoeSharp.Inference.Sampling;
using MoeSharp.Tensors;

namespace MoeSharp.Inference;

/// <summary>How a text is continued.</summary>
public sealed record GenerationOptions
{
    private const int MaxLookupTokens = 128; // the logits after each guess are kept

    /// <summary>The most tokens to add.</summary>
    /// <value>256 by default.</value>
    public int MaxTokens { get; init; } = 256;

    /// <summary>How tokens are chosen.</summary>
    /// <value>Greedy by default.</value>
    public SamplingOptions Sampling { get; init; } = SamplingOptions.Greedy;

    /// <summary>Texts that end the generation; they are not given out themselves.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>True to go on past the model's end tokens.</summary>
    public bool IgnoresEnd { get; init; }

    /// <summary>How keys and values are kept: F32, BF16 in half the memory, or Q80 (Q8_0) in 34/128 of it, where heads are multiples of 32.</summary>
    /// <value>F32 by default.</value>
    public DType CacheType { get; init; } = DType.F32;

    /// <summary>The most prompt tokens that are run at once; results do not depend on it.</summary>
    /// <value>512 by default.</value>
    public int PromptChunk { get; init; } = 512;

    /// <summary>Experts to leave out: fewer bytes a token, another answer.</summary>
    /// <value>None by default: all that the model's routers choose.</value>
    public ExpertReduction Experts { get; init; } = ExpertReduction.None;

    /// <summary>The most tokens that are guessed from the text so far and read together with a chosen one; the answer is the same, sooner
    /// where the text repeats itself.</summary>
    /// <value>0 (none) by default; at most 128.</value>
    public int LookupTokens { get; init; }

    /// <summary>Throws when something is out of range.</summary>
    /// <exception cref="ConfigException">With all faults.</exception>
    public GenerationOptions Validate()
    {
        List<string> faults = [];
        if (MaxTokens < 0)
        {
            faults.Add($"MaxTokens must not be negative, got {MaxTokens}.");
        }

        if (PromptChunk < 1)
        {
            faults.Add($"PromptChunk must be at least 1, got {PromptChunk}.");
        }

        if (LookupTokens is < 0 or > MaxLookupTokens)
        {
            faults.Add($"LookupTokens must be between 0 and {MaxLookupTokens}, got {LookupTokens}. Use 0 for no look-up.");
        }

        Experts.CollectFaults(faults, "Experts.");
        if (CacheType is not (DType.F32 or DType.BF16 or DType.Q80))
        {
            faults.Add($"CacheType must be F32, BF16 or Q80, got {CacheType}.");
        }

        if (Stop.Any(string.IsNullOrEmpty))
        {
            faults.Add("Stop has an empty text. Each needs at least one character.");
        }

        try
        {
            Sampling.Validate();
        }
        catch (ConfigException sampling)
        {
            faults.AddRange(sampling.Faults.Select(fault => "Sampling." + fault));
        }

        ConfigException.ThrowIfAny(nameof(GenerationOptions), faults);
        return this;
    }
}
