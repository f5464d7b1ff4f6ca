namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>Scale and offset of a group: minimises <c>Σ w·(x − scale·q − offset)²</c> over both and the levels q = 0…highest.</summary>
/// <remarks>
/// Ranges are tried that reach from the smallest to the largest value, a little less and a little more; for each, the levels are the
/// nearest, and scale and offset follow by least squares. The best pair is polished by repeating that.
/// </remarks>
internal ref struct AffineSearch
{
    private const int Polishes = 3;
    private const float LeastReach = -2f;
    private const float MostReach = 1.5f;
    private const float LeastSpread = 1e-5f;
    private const int LongestGroup = 32;

    private readonly WeightedGroup _group;
    private readonly LinearLevels _levels;
    private readonly float _weight;
    private readonly float _value;
    private readonly float _highestOffset;
    private AffineFit _best;
    private float _bestGain;

    private AffineSearch(WeightedGroup group, LinearLevels levels, float highestOffset)
    {
        _group = group;
        _levels = levels;
        _highestOffset = highestOffset;
        (_weight, _value) = group.Totals();
    }

    /// <summary>The best pair found.</summary>
    /// <param name="group">The values.</param>
    /// <param name="levels">The levels, from 0.</param>
    /// <param name="steps">Ranges to try.</param>
    /// <param name="onlyDownward">True when the offset must not be above 0.</param>
    public static AffineFit Best(WeightedGroup group, LinearLevels levels, int steps, bool onlyDownward)
    {
        (float least, float most) = group.Range();
        float origin = onlyDownward ? MathF.Min(least, 0) : least;
        float range = most - origin;
        if (!(range > 0))
        {
            return new AffineFit(0, origin, 0);
        }

        // Counted from the origin, so that a group far from 0 loses no digits.
        Span<float> shifted = stackalloc float[LongestGroup];
        shifted = shifted[..group.Values.Length];
        for (int i = 0; i < shifted.Length; i++)
        {
            shifted[i] = group.Values[i] - origin;
        }

        var search = new AffineSearch(group.With(shifted), levels, onlyDownward ? -origin : float.PositiveInfinity);
        search.Consider(levels.Highest / range, 0);
        for (int step = 0; step <= steps; step++)
        {
            float reach = LeastReach + ((MostReach - LeastReach) * step / steps);
            search.Consider((levels.Highest + reach) / range, 0);
        }

        for (int i = 0; i < Polishes && search._best.Scale > 0; i++)
        {
            search.Consider(1 / search._best.Scale, search._best.Offset);
        }

        return search._best with { Offset = origin + search._best.Offset };
    }

    private void Consider(float inverse, float offset)
    {
        FitSums sums = _group.Sums(_levels, inverse, offset);
        if (!(sums.Qq > 0))
        {
            return;
        }

        // Levels (nearly) all the same leave the offset open: it stays.
        float determinant = (_weight * sums.Qq) - (sums.Q * sums.Q);
        float newOffset = determinant > LeastSpread * _weight * sums.Qq
            ? ((sums.Qq * _value) - (sums.Q * sums.Qx)) / determinant
            : offset;
        newOffset = MathF.Min(newOffset, _highestOffset);
        float scale = (sums.Qx - (newOffset * sums.Q)) / sums.Qq;

        // Σwx² minus the error.
        float gain = (2 * ((scale * sums.Qx) + (newOffset * _value)))
            - ((scale * scale * sums.Qq) + (2 * scale * newOffset * sums.Q) + (newOffset * newOffset * _weight));
        if (scale > 0 && gain > _bestGain)
        {
            _bestGain = gain;
            _best = new AffineFit(scale, newOffset, sums.Qq);
        }
    }
}
