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
    public static RopeTable CreateTable(RotaryConfig config, int headSize, int positionCount) => new(new RopeOptions
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
        Layout = config.IsInterleaved ? RopeLayout.Interleaved : RopeLayout.HalfSplit,
    });
}
