namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>A block with one 16-bit scale and one 16-bit offset: Q4_1, Q5_1.</summary>
internal static class ScaleAndOffsetFit
{
    private const int Steps = 24;

    /// <summary>Scale and offset whose nearest levels have the least error, and their codes.</summary>
    /// <remarks>The range from the smallest to the largest value, as ggml takes it, is among those tried: no block is worse than ggml's.</remarks>
    public static (Half Scale, Half Offset) Fit(WeightedGroup block, LinearLevels levels, Span<byte> codes)
    {
        (float least, float most) = block.Range();
        (Half Scale, Half Offset) best = (Half.Zero, HalfScale.Nearest(least));
        float bestError = block.Error(levels, 0, (float)best.Offset);
        if (bestError > 0)
        {
            (float weight, float value) = block.Totals();
            Try(block, levels, Half.Zero, HalfScale.Nearest(value / weight), ref best, ref bestError);
            Consider(block, levels, new AffineFit((most - least) / levels.Highest, least, 0), ref best, ref bestError);
            Consider(block, levels, AffineSearch.Best(block, levels, Steps, onlyDownward: false), ref best, ref bestError);
        }

        block.Codes(levels, (float)best.Scale, (float)best.Offset, codes);
        return best;
    }

    private static void Consider(
        WeightedGroup block, LinearLevels levels, AffineFit fit, ref (Half Scale, Half Offset) best, ref float bestError)
    {
        Half scale = HalfScale.NearestNonZero(fit.Scale), offset = HalfScale.Nearest(fit.Offset);
        Try(block, levels, scale, offset, ref best, ref bestError);
        if (HalfScale.IsCoarse(scale))
        {
            Try(block, levels, HalfScale.Outward(scale), offset, ref best, ref bestError);
        }
    }

    private static void Try(
        WeightedGroup block, LinearLevels levels, Half scale, Half offset, ref (Half Scale, Half Offset) best, ref float bestError)
    {
        float error = block.Error(levels, (float)scale, (float)offset);
        if (error < bestError)
        {
            best = (scale, offset);
            bestError = error;
        }
    }
}
