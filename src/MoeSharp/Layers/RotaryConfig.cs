using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Layers;

/// <summary>The facts of rotary position embedding.</summary>
public sealed record RotaryConfig
{
    /// <summary>The base θ: pair i turns by θ^(−2i/d) a position.</summary>
    /// <value>10000 by default.</value>
    public double Theta { get; init; } = 10000;

    /// <summary>The part of a head that is rotated, from its start.</summary>
    /// <value>1 (all of it) by default.</value>
    public double PartialFactor { get; init; } = 1;

    /// <summary>True when columns 2i and 2i + 1 form a pair, false when i and i + d/2 do.</summary>
    public bool IsInterleaved { get; init; }

    /// <summary>How frequencies are stretched.</summary>
    public RopeScaling Scaling { get; init; }

    /// <summary>The stretch.</summary>
    /// <value>1 by default.</value>
    public double Factor { get; init; } = 1;

    /// <summary>Positions the model was trained with before the stretch; null takes those of the model.</summary>
    public int? OriginalPositionCount { get; init; }

    /// <summary>YaRN: turns within the original length above which a frequency is kept.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>YaRN: turns within the original length below which a frequency is divided.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>YaRN: what cosines and sines are multiplied by; null computes it from the factor.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>YaRN: numerator of the attention factor, where given.</summary>
    public double? MScale { get; init; }

    /// <summary>YaRN: denominator of the attention factor, where given.</summary>
    public double? MScaleAllDimensions { get; init; }

    /// <summary>YaRN: true when the ends of the ramp are rounded outwards to whole dimensions.</summary>
    public bool Truncates { get; init; } = true;

    /// <summary>Llama 3: wavelengths above original length divided by this are divided.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>Llama 3: wavelengths below original length divided by this are kept.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>LongRope: divisors of the frequencies in texts up to the original length, one a pair.</summary>
    public FactorList ShortFactors { get; init; } = [];

    /// <summary>LongRope: divisors of the frequencies in longer texts, one a pair.</summary>
    public FactorList LongFactors { get; init; } = [];

    /// <summary>LongRope: what cosines and sines are multiplied by in texts up to the original length; null takes the attention factor.</summary>
    public double? ShortMScale { get; init; }

    /// <summary>LongRope: what cosines and sines are multiplied by in longer texts; null takes the attention factor.</summary>
    public double? LongMScale { get; init; }

    /// <summary>What latent attention multiplies its scores by beside 1/√d: the square of YaRN's factor for all dimensions.</summary>
    /// <remarks>Source: DeepSeek-V2's published code; <c>(0.1·mscale_all_dim·ln(factor) + 1)²</c>, 1 where the frequencies are not scaled.</remarks>
    public double LatentScoreFactor => Scaling == RopeScaling.Default || MScaleAllDimensions is null or 0
        ? 1
        : Math.Pow(RopeFrequencies.YarnMscale(Factor, MScaleAllDimensions.Value), 2);

    /// <summary>Columns of a head that are rotated.</summary>
    /// <param name="headSize">d.</param>
    public int RotatedSize(int headSize) => (int)(headSize * PartialFactor);

    /// <summary>Adds what is wrong, one sentence each.</summary>
    internal void CollectFaults(List<string> faults, int headSize)
    {
        RequireAbove(faults, nameof(Theta), Theta, 0);
        RequireAbove(faults, nameof(Factor), Factor, 0);
        if (!(PartialFactor is > 0 and <= 1))
        {
            faults.Add($"Rotary.PartialFactor must be greater than 0 and at most 1, got {PartialFactor}.");
        }
        else if (headSize >= 2 && headSize % 2 == 0 && (RotatedSize(headSize) < 2 || RotatedSize(headSize) % 2 != 0))
        {
            faults.Add($"Rotary.PartialFactor ({PartialFactor}) of HeadSize ({headSize}) is {RotatedSize(headSize)} columns. "
                + "It must be an even number, at least 2.");
        }

        if (OriginalPositionCount is < 1)
        {
            faults.Add($"Rotary.OriginalPositionCount must be at least 1, got {OriginalPositionCount}.");
        }

        if (Scaling == RopeScaling.Yarn)
        {
            RequireAbove(faults, nameof(BetaFast), BetaFast, 0);
            RequireAbove(faults, nameof(BetaSlow), BetaSlow, 0);
        }

        if (Scaling == RopeScaling.LongRope)
        {
            RequireFactors(faults, nameof(ShortFactors), ShortFactors, headSize);
            RequireFactors(faults, nameof(LongFactors), LongFactors, headSize);
            RequireAbove(faults, nameof(ShortMScale), ShortMScale ?? 1, 0);
            RequireAbove(faults, nameof(LongMScale), LongMScale ?? 1, 0);
        }

        if (Scaling == RopeScaling.Llama3)
        {
            RequireAbove(faults, nameof(LowFrequencyFactor), LowFrequencyFactor, 0);
            RequireAbove(faults, nameof(HighFrequencyFactor), HighFrequencyFactor, 0);
        }
    }

    private void RequireFactors(List<string> faults, string name, FactorList factors, int headSize)
    {
        if (factors.Count != RotatedSize(headSize) / 2 || factors.Any(factor => !(factor > 0 && double.IsFinite(factor))))
        {
            faults.Add($"Rotary.{name} must have {RotatedSize(headSize) / 2} numbers above 0, one a pair, got {factors.Count}.");
        }
    }

    private static void RequireAbove(List<string> faults, string name, double value, double limit)
    {
        if (!(value > limit) || !double.IsFinite(value))
        {
            faults.Add($"Rotary.{name} must be greater than {limit}, got {value}.");
        }
    }
}
