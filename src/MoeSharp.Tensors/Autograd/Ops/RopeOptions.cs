namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Everything that decides rotary frequencies, as checkpoints' configurations name it.</summary>
public sealed record RopeOptions
{
    /// <value>Columns of a head that are rotated, even; the others pass unchanged.</value>
    public required int RotarySize { get; init; }

    /// <value>The base of the frequencies; 10,000 unless said otherwise.</value>
    public double Theta { get; init; } = 10_000;

    /// <value>Which numbers form a pair.</value>
    public RopeLayout Layout { get; init; } = RopeLayout.HalfSplit;

    /// <value>How frequencies are changed for long texts.</value>
    public RopeScaling Scaling { get; init; } = RopeScaling.Default;

    /// <value>The scaling factor, as a ratio; null in LongRope takes <see cref="MaxPosition"/>/<see cref="OriginalMaxPosition"/>.</value>
    public double? Factor { get; init; }

    /// <value>The longest position of the configuration (<c>max_position_embeddings</c>).</value>
    public int MaxPosition { get; init; } = 2048;

    /// <value>The longest position before scaling; null takes <see cref="MaxPosition"/>.</value>
    public int? OriginalMaxPosition { get; init; }

    /// <value>YaRN: turns within the original length above which a frequency is kept.</value>
    public double BetaFast { get; init; } = 32;

    /// <value>YaRN: turns within the original length below which a frequency is divided.</value>
    public double BetaSlow { get; init; } = 1;

    /// <value>YaRN: true rounds the ends of the ramp outwards to whole numbers; gpt-oss says false.</value>
    public bool Truncate { get; init; } = true;

    /// <value>YaRN: numerator's coefficient of the attention factor; used only with <see cref="MscaleAllDimensions"/>.</value>
    public double? Mscale { get; init; }

    /// <value>YaRN: denominator's coefficient of the attention factor (<c>mscale_all_dim</c>).</value>
    public double? MscaleAllDimensions { get; init; }

    /// <value>Factor of cos and sin; null takes that of the scaling.</value>
    public double? AttentionFactor { get; init; }

    /// <value>Llama 3: original length over the wavelength from which on frequencies are divided.</value>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <value>Llama 3: original length over the wavelength up to which frequencies are kept.</value>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <value>LongRope: divisors up to the original length, one a frequency.</value>
    public IReadOnlyList<double>? ShortFactors { get; init; }

    /// <value>LongRope: divisors beyond the original length, one a frequency.</value>
    public IReadOnlyList<double>? LongFactors { get; init; }
}
