using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Layers;

/// <summary>Rotary position embedding of a model: one table of angles for all its layers.</summary>
/// <remarks>Source: Su et al. 2021, arXiv:2104.09864.</remarks>
public static class Rotary
{
    /// <summary>Makes the table.</summary>
    /// <param name="config">The facts.</param>
    /// <param name="headSize">d.</param>
    /// <param name="positionCount">The longest position of the model; where no other is given, also the trained length.</param>
    public static RopeTable CreateTable(RotaryConfig config, int headSize, int positionCount)
    {
        RopeOptions options = OptionsOf(config, headSize, positionCount);
        if (config.Scaling != RopeScaling.LongRope)
        {
            return new RopeTable(options);
        }

        int original = config.OriginalPositionCount ?? positionCount;
        return new RopeTable(options with { AttentionFactor = config.ShortMScale ?? config.AttentionFactor })
        {
            Long = new RopeTable(options with { AttentionFactor = config.LongMScale ?? config.AttentionFactor }, checked(original + 1)),
            LongAfter = original,
        };
    }

    /// <summary>The same facts for the table.</summary>
    internal static RopeOptions OptionsOf(RotaryConfig config, int headSize, int positionCount) => new()
    {
        RotarySize = config.RotatedSize(headSize),
        Theta = config.Theta,
        Scaling = config.Scaling,
        Factor = config.Factor,
        MaxPosition = positionCount,
        OriginalMaxPosition = config.OriginalPositionCount,
        BetaFast = config.BetaFast,
        BetaSlow = config.BetaSlow,
        Truncate = config.Truncates,
        Mscale = config.MScale,
        MscaleAllDimensions = config.MScaleAllDimensions,
        AttentionFactor = config.AttentionFactor,
        LowFrequencyFactor = config.LowFrequencyFactor,
        HighFrequencyFactor = config.HighFrequencyFactor,
        ShortFactors = config.ShortFactors,
        LongFactors = config.LongFactors,
        Layout = config.IsInterleaved ? RopeLayout.Interleaved : RopeLayout.HalfSplit,
    };
}
