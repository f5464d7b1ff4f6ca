namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>A block with one 16-bit scale: Q4_0, Q5_0, Q8_0, IQ4_NL.</summary>
internal static class SingleScaleFit
{
    private const int Steps = 9;

    /// <summary>The scale whose nearest levels have the least error, and their codes.</summary>
    /// <remarks>Scales that put the largest value exactly at an end, as ggml does, are among those tried: no block is worse than ggml's.</remarks>
    public static Half Fit<TLevels>(WeightedGroup block, TLevels levels, Span<byte> codes)
        where TLevels : struct, ICodeLevels
    {
        Half best = Half.Zero;
        float extreme = block.Extreme();
        if (extreme != 0)
        {
            float bestError = block.Error(levels, 0, 0);
            Consider(block, levels, extreme / levels.Lowest, ref best, ref bestError);
            Consider(block, levels, extreme / levels.Highest, ref best, ref bestError);
            Consider(block, levels, ScaleSearch.Best(block, levels, Steps).Scale, ref best, ref bestError);
        }

        block.Codes(levels, (float)best, 0, codes);
        return best;
    }

    private static void Consider<TLevels>(WeightedGroup block, TLevels levels, float scale, ref Half best, ref float bestError)
        where TLevels : struct, ICodeLevels
    {
        Half nearest = HalfScale.NearestNonZero(scale);
        Try(block, levels, nearest, ref best, ref bestError);
        if (HalfScale.IsCoarse(nearest))
        {
            Try(block, levels, HalfScale.Outward(nearest), ref best, ref bestError);
        }
    }

    private static void Try<TLevels>(WeightedGroup block, TLevels levels, Half scale, ref Half best, ref float bestError)
        where TLevels : struct, ICodeLevels
    {
        float error = block.Error(levels, (float)scale, 0);
        if (error < bestError)
        {
            best = scale;
            bestError = error;
        }
    }
}
