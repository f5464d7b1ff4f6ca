namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>A block of groups whose scales and (downward) offsets are whole multiples of two 16-bit numbers: Q2_K, Q4_K, Q5_K.</summary>
/// <remarks>
/// 1. The best scale and offset of each group by itself (<see cref="AffineSearch"/>).
/// 2. Common scales that put the largest group scale on one of the outer multiples are ranked by how well they hit all group scales;
/// offsets likewise.
/// 3. For the best pair, each group takes the multiples, out of three by three, with the least true error.
/// 4. Both common numbers are set by least squares and 3 repeated.
/// </remarks>
internal ref struct SuperAffineFit
{
    private const int MostGroups = 16;
    private const int OuterMultiples = 8;
    private const int Polishes = 3;

    private readonly WeightedGroup _block;
    private readonly LinearLevels _levels;
    private readonly int _groupLength;
    private readonly int _highest;
    private readonly Span<AffineFit> _fits;
    private readonly Span<byte> _scaleMultiples;
    private readonly Span<byte> _offsetMultiples;
    private readonly Span<byte> _trial;
    private Half _scale;
    private Half _offset;
    private float _bestError;

    private SuperAffineFit(
        WeightedGroup block, LinearLevels levels, int highest,
        Span<byte> scaleMultiples, Span<byte> offsetMultiples, Span<byte> trial, Span<AffineFit> fits)
    {
        _block = block;
        _levels = levels;
        _highest = highest;
        _scaleMultiples = scaleMultiples;
        _offsetMultiples = offsetMultiples;
        _trial = trial;
        _fits = fits;
        _groupLength = block.Values.Length / scaleMultiples.Length;
    }

    /// <summary>The common scale and offset (values are <c>scale·multiple·q − offset·multiple</c>), the multiples of each group
    /// and the codes.</summary>
    /// <param name="block">All groups.</param>
    /// <param name="levels">Levels of the codes, from 0.</param>
    /// <param name="highest">The highest multiple.</param>
    /// <param name="steps">See <see cref="AffineSearch"/>.</param>
    /// <param name="scaleMultiples">Filled; one a group.</param>
    /// <param name="offsetMultiples">Filled; one a group.</param>
    /// <param name="codes">Filled.</param>
    public static (Half Scale, Half Offset) Fit(
        WeightedGroup block, LinearLevels levels, int highest, int steps,
        Span<byte> scaleMultiples, Span<byte> offsetMultiples, Span<byte> codes)
    {
        Span<AffineFit> fits = stackalloc AffineFit[MostGroups];
        Span<byte> trial = stackalloc byte[2 * MostGroups];
        var fit = new SuperAffineFit(
            block, levels, highest, scaleMultiples, offsetMultiples, trial[..(2 * scaleMultiples.Length)], fits[..scaleMultiples.Length]);
        (Half scale, Half offset) = fit.Run(steps);
        for (int group = 0; group < scaleMultiples.Length; group++)
        {
            fit.Group(group).Codes(
                levels, (float)scale * scaleMultiples[group], -((float)offset * offsetMultiples[group]),
                codes.Slice(group * fit._groupLength, fit._groupLength));
        }

        return (scale, offset);
    }

    private (Half Scale, Half Offset) Run(int steps)
    {
        float mostScale = 0, mostOffset = 0;
        for (int group = 0; group < _fits.Length; group++)
        {
            AffineFit fit = AffineSearch.Best(Group(group), _levels, steps, onlyDownward: true);
            _fits[group] = fit;
            mostScale = MathF.Max(mostScale, fit.Scale);
            mostOffset = MathF.Max(mostOffset, -fit.Offset);
        }

        _scaleMultiples.Clear();
        _offsetMultiples.Clear();
        _scale = Half.Zero;
        _offset = Half.Zero;
        _bestError = float.PositiveInfinity;
        if (mostScale > 0 || mostOffset > 0)
        {
            Consider(Candidate(mostScale, ofScale: true), Candidate(mostOffset, ofScale: false));
            for (int i = 0; i < Polishes && _bestError > 0; i++)
            {
                Polish();
            }
        }

        return (_scale, _offset);
    }

    private WeightedGroup Group(int group) => _block.Slice(group * _groupLength, _groupLength);

    private int Multiple(float value, float common) => common == 0 ? 0 : (int)Math.Clamp(MathF.Round(value / common), 0, _highest);

    /// <summary>The common number that hits those of the groups best.</summary>
    private Half Candidate(float most, bool ofScale)
    {
        Half best = Half.Zero;
        float bestMiss = float.PositiveInfinity;
        for (int i = 0; i < OuterMultiples && most > 0; i++)
        {
            Half common = HalfScale.NearestNonZero(most / (_highest - i));
            for (int step = 0; step < (HalfScale.IsCoarse(common) ? 2 : 1); step++, common = HalfScale.Outward(common))
            {
                float miss = Miss((float)common, ofScale);
                if (miss < bestMiss)
                {
                    (best, bestMiss) = (common, miss);
                }
            }
        }

        return best;
    }

    /// <summary>What moving the number of every group to a multiple costs, levels unchanged.</summary>
    private float Miss(float common, bool ofScale)
    {
        float miss = 0;
        for (int group = 0; group < _fits.Length; group++)
        {
            float value = ofScale ? _fits[group].Scale : -_fits[group].Offset;
            float distance = value - (common * Multiple(value, common));
            miss += (ofScale ? _fits[group].Curvature : 1) * distance * distance;
        }

        return miss;
    }

    private void Consider(Half scale, Half offset)
    {
        Span<byte> scales = _trial[.._fits.Length], offsets = _trial[_fits.Length..];
        float total = 0;
        for (int group = 0; group < _fits.Length; group++)
        {
            total += BestMultiples(group, (float)scale, (float)offset, out scales[group], out offsets[group]);
        }

        if (total < _bestError)
        {
            _bestError = total;
            (_scale, _offset) = (scale, offset);
            scales.CopyTo(_scaleMultiples);
            offsets.CopyTo(_offsetMultiples);
        }
    }

    private float BestMultiples(int group, float scale, float offset, out byte scaleMultiple, out byte offsetMultiple)
    {
        WeightedGroup values = Group(group);
        int middleScale = Multiple(_fits[group].Scale, scale), middleOffset = Multiple(-_fits[group].Offset, offset);
        float least = float.PositiveInfinity;
        (scaleMultiple, offsetMultiple) = (0, 0);
        for (int i = Math.Max(middleScale - 1, 0); i <= Math.Min(middleScale + 1, _highest); i++)
        {
            for (int j = Math.Max(middleOffset - 1, 0); j <= Math.Min(middleOffset + 1, _highest); j++)
            {
                float error = values.Error(_levels, scale * i, -(offset * j));
                if (error < least)
                {
                    least = error;
                    (scaleMultiple, offsetMultiple) = ((byte)i, (byte)j);
                }
            }
        }

        return least;
    }

    /// <summary>Least squares for both common numbers with the multiples and levels of the best pair so far.</summary>
    private void Polish()
    {
        // value = scale·(i·q) + offset·(−j): normal equations of two unknowns
        float aa = 0, ab = 0, bb = 0, ax = 0, bx = 0;
        for (int group = 0; group < _fits.Length; group++)
        {
            WeightedGroup values = Group(group);
            float i = _scaleMultiples[group], j = _offsetMultiples[group], scale = (float)_scale * i;
            FitSums sums = values.Sums(_levels, scale == 0 ? 0 : 1 / scale, -((float)_offset * j));
            (float weight, float value) = values.Totals();
            aa += i * i * sums.Qq;
            ab -= i * j * sums.Q;
            bb += j * j * weight;
            ax += i * sums.Qx;
            bx -= j * value;
        }

        float determinant = (aa * bb) - (ab * ab);
        if (determinant > 0)
        {
            Consider(
                HalfScale.Nearest(MathF.Max(((bb * ax) - (ab * bx)) / determinant, 0)),
                HalfScale.Nearest(MathF.Max(((aa * bx) - (ab * ax)) / determinant, 0)));
        }
    }
}
