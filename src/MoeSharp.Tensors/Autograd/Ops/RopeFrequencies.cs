namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Rotary frequencies and the attention factor, from a configuration.</summary>
/// <remarks>
/// <para>Formula: <c>f[i] = θ^(−2i/r)</c> for i in [0, r/2), then the scaling. Computed in double, rounded once.</para>
/// <para>Source: transformers, modeling_rope_utils.py; tested against its answers.</para>
/// </remarks>
public static class RopeFrequencies
{
    /// <summary>Radians a position for each pair.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="sequenceLength">Length of the text; decides for Dynamic and LongRope. 0 stands for short.</param>
    /// <exception cref="ArgumentException">The rotary size is odd, or LongRope's factors are missing or not one a pair.</exception>
    public static float[] Compute(RopeOptions options, int sequenceLength = 0)
    {
        if (options.RotarySize < 2 || options.RotarySize % 2 != 0)
        {
            throw new ArgumentException($"rope: the rotary size is {options.RotarySize}. It must be even and at least 2.", nameof(options));
        }

        int count = options.RotarySize / 2;
        IReadOnlyList<double>? divisors = options.Scaling == RopeScaling.LongRope ? LongRopeFactors(options, sequenceLength, count) : null;
        double theta = options.Scaling == RopeScaling.Dynamic ? DynamicTheta(options, sequenceLength) : options.Theta;
        (double low, double high) = options.Scaling == RopeScaling.Yarn ? YarnRange(options) : default;
        float[] frequencies = new float[count];
        for (int i = 0; i < count; i++)
        {
            double frequency = Math.Pow(theta, -2.0 * i / options.RotarySize);
            frequencies[i] = (float)(options.Scaling switch
            {
                RopeScaling.Linear => frequency / FactorOf(options),
                RopeScaling.Yarn => Mix(frequency, FactorOf(options), keep: 1 - Math.Clamp((i - low) / (high - low), 0, 1)),
                RopeScaling.Llama3 => Llama3(frequency, options),
                RopeScaling.LongRope => frequency / divisors![i],
                _ => frequency,
            });
        }

        return frequencies;
    }

    /// <summary>What cos and sin are multiplied by.</summary>
    public static float AttentionFactor(RopeOptions options)
    {
        if (options.AttentionFactor is { } given)
        {
            return (float)given;
        }

        double factor = FactorOf(options);
        switch (options.Scaling)
        {
            case RopeScaling.Yarn when options.Mscale is { } mscale and not 0 && options.MscaleAllDimensions is { } all and not 0:
                return (float)(YarnMscale(factor, mscale) / YarnMscale(factor, all));
            case RopeScaling.Yarn:
                return (float)YarnMscale(factor, 1);
            case RopeScaling.LongRope:
                return factor <= 1 ? 1 : (float)Math.Sqrt(1 + (Math.Log(factor) / Math.Log(OriginalOf(options))));
            default:
                return 1;
        }
    }

    /// <summary>What Llama 3's scaling divides each frequency by: at least 1.</summary>
    internal static double[] Llama3Divisors(RopeOptions options)
    {
        double[] divisors = new double[options.RotarySize / 2];
        for (int i = 0; i < divisors.Length; i++)
        {
            double frequency = Math.Pow(options.Theta, -2.0 * i / options.RotarySize);
            divisors[i] = frequency / Llama3(frequency, options);
        }

        return divisors;
    }

    /// <summary>YaRN's <c>0.1·m·ln(factor) + 1</c>, 1 up to factor 1; DeepSeek's softmax scale takes its square with m = mscale_all_dim.</summary>
    public static double YarnMscale(double factor, double coefficient) =>
        factor <= 1 ? 1 : (0.1 * coefficient * Math.Log(factor)) + 1;

    private static int OriginalOf(RopeOptions options) => options.OriginalMaxPosition ?? options.MaxPosition;

    private static double FactorOf(RopeOptions options) => options.Factor
        ?? (options.Scaling == RopeScaling.LongRope ? (double)options.MaxPosition / OriginalOf(options) : 1);

    private static double Mix(double frequency, double factor, double keep) =>
        (frequency / factor * (1 - keep)) + (frequency * keep);

    private static double DynamicTheta(RopeOptions options, int sequenceLength)
    {
        double factor = FactorOf(options), length = Math.Max(sequenceLength, options.MaxPosition), size = options.RotarySize;
        double growth = (factor * length / options.MaxPosition) - (factor - 1);
        return options.Theta * Math.Pow(growth, size / (size - 2));
    }

    private static (double Low, double High) YarnRange(RopeOptions options)
    {
        double low = PairWithTurns(options, options.BetaFast), high = PairWithTurns(options, options.BetaSlow);
        if (options.Truncate)
        {
            low = Math.Floor(low);
            high = Math.Ceiling(high);
        }

        low = Math.Max(low, 0);
        high = Math.Min(high, options.RotarySize - 1);
        return (low, low == high ? high + 0.001 : high);
    }

    /// <summary>The (fractional) pair that turns so many times within the original length.</summary>
    private static double PairWithTurns(RopeOptions options, double turns) =>
        options.RotarySize * Math.Log(OriginalOf(options) / (turns * 2 * Math.PI)) / (2 * Math.Log(options.Theta));

    private static double Llama3(double frequency, RopeOptions options)
    {
        double original = OriginalOf(options), wavelength = 2 * Math.PI / frequency;
        double low = options.LowFrequencyFactor, high = options.HighFrequencyFactor;
        if (wavelength < original / high)
        {
            return frequency;
        }

        if (wavelength > original / low || low == high)
        {
            return frequency / FactorOf(options);
        }

        return Mix(frequency, FactorOf(options), keep: ((original / wavelength) - low) / (high - low));
    }

    private static IReadOnlyList<double> LongRopeFactors(RopeOptions options, int sequenceLength, int count)
    {
        bool isLong = sequenceLength > OriginalOf(options);
        IReadOnlyList<double>? factors = isLong ? options.LongFactors : options.ShortFactors;
        if (factors is null || factors.Count != count)
        {
            throw new ArgumentException(
                $"rope: LongRope has {factors?.Count ?? 0} {(isLong ? "long" : "short")} factors. It needs {count}, one a pair.", nameof(options));
        }

        return factors;
    }
}
