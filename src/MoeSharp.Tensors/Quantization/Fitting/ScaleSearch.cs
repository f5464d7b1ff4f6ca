namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>The scale of a group without an offset: minimises <c>Σ w·(x − scale·q)²</c> over scale and levels q together.</summary>
/// <remarks>
/// Scales are tried that put the largest value at, and a little inside or outside of, either end of the levels; for each, the levels are
/// the nearest and the scale follows by least squares, <c>Σwqx / Σwq²</c>. The best one is polished by repeating that.
/// </remarks>
internal static class ScaleSearch
{
    private const int Polishes = 2;

    /// <summary>The best scale found, and the curvature Σ w·q² there; 0 for a group of zeros.</summary>
    /// <param name="group">The values.</param>
    /// <param name="levels">The levels.</param>
    /// <param name="steps">Scales to try on each side of each end.</param>
    public static (float Scale, float Curvature) Best<TLevels>(WeightedGroup group, TLevels levels, int steps)
        where TLevels : struct, ICodeLevels
    {
        float extreme = group.Extreme();
        if (extreme == 0)
        {
            return (0, 0);
        }

        FitSums best = default;
        float bestGain = 0;
        float toLowest = levels.Lowest / extreme, toHighest = levels.Highest / extreme;
        for (int step = -steps; step <= steps; step++)
        {
            float reach = levels.Reach * step / steps;
            Consider(group.Sums(levels, toLowest - (reach / extreme), 0), ref best, ref bestGain);
            Consider(group.Sums(levels, toHighest + (reach / extreme), 0), ref best, ref bestGain);
        }

        for (int i = 0; i < Polishes && best.Qx != 0; i++)
        {
            Consider(group.Sums(levels, best.Qq / best.Qx, 0), ref best, ref bestGain);
        }

        return best.Qq > 0 ? (best.Qx / best.Qq, best.Qq) : (0, 0);
    }

    /// <summary>With the best scale the error is Σwx² − gain.</summary>
    private static void Consider(FitSums sums, ref FitSums best, ref float bestGain)
    {
        float gain = sums.Qq > 0 ? sums.Qx / sums.Qq * sums.Qx : 0;
        if (gain > bestGain)
        {
            best = sums;
            bestGain = gain;
        }
    }
}
