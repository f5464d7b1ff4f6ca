namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>A block of groups without offsets, whose scales are whole multiples of one 16-bit scale: Q3_K, Q6_K, IQ4_XS.</summary>
/// <remarks>
/// 1. The best scale of each group by itself (<see cref="ScaleSearch"/>).
/// 2. Common scales that put the largest group scale on one of the outer multiples are ranked by how well they hit all group scales.
/// 3. For the best few, each group takes the multiple, out of three, with the least true error.
/// 4. The common scale is set by least squares and 3 repeated.
/// </remarks>
internal ref struct SuperScaleFit<TLevels>
    where TLevels : struct, ICodeLevels
{
    private const int MostGroups = 16;
    private const int OuterMultiples = 8;
    private const int Polishes = 2;

    private readonly WeightedGroup _block;
    private readonly TLevels _levels;
    private readonly int _groupLength;
    private readonly int _lowest;
    private readonly int _highest;
    private readonly Span<float> _scales;
    private readonly Span<float> _curvatures;
    private readonly Span<sbyte> _multiples;
    private readonly Span<sbyte> _trial;
    private Half _best;
    private float _bestError;

    private SuperScaleFit(
        WeightedGroup block, TLevels levels, int lowest, int highest,
        Span<sbyte> multiples, Span<sbyte> trial, Span<float> scales, Span<float> curvatures)
    {
        _block = block;
        _levels = levels;
        _lowest = lowest;
        _highest = highest;
        _multiples = multiples;
        _trial = trial;
        _scales = scales;
        _curvatures = curvatures;
        _groupLength = block.Values.Length / multiples.Length;
    }

    /// <summary>The common scale, the multiple of each group and the codes.</summary>
    /// <param name="block">All groups.</param>
    /// <param name="levels">Levels of the codes.</param>
    /// <param name="lowest">The lowest multiple, negative.</param>
    /// <param name="highest">The highest multiple.</param>
    /// <param name="steps">See <see cref="ScaleSearch"/>.</param>
    /// <param name="multiples">Filled; one a group.</param>
    /// <param name="codes">Filled; counted from the lowest level.</param>
    public static Half Fit(
        WeightedGroup block, TLevels levels, int lowest, int highest, int steps, Span<sbyte> multiples, Span<byte> codes)
    {
        Span<float> scales = stackalloc float[MostGroups];
        Span<float> curvatures = stackalloc float[MostGroups];
        Span<sbyte> trial = stackalloc sbyte[MostGroups];
        var fit = new SuperScaleFit<TLevels>(
            block, levels, lowest, highest, multiples, trial[..multiples.Length], scales[..multiples.Length], curvatures[..multiples.Length]);
        Half common = fit.Run(steps);
        for (int group = 0; group < multiples.Length; group++)
        {
            fit.Group(group).Codes(levels, (float)common * multiples[group], 0, codes.Slice(group * fit._groupLength, fit._groupLength));
        }

        return common;
    }

    private Half Run(int steps)
    {
        _multiples.Clear();
        float extreme = 0;
        for (int group = 0; group < _scales.Length; group++)
        {
            (_scales[group], _curvatures[group]) = ScaleSearch.Best(Group(group), _levels, steps);
            extreme = MathF.Abs(_scales[group]) > MathF.Abs(extreme) ? _scales[group] : extreme;
        }

        if (extreme == 0)
        {
            return Half.Zero;
        }

        _best = Half.Zero;
        _bestError = float.PositiveInfinity;
        (Half first, Half second) = Candidates(extreme);
        Consider(first);
        Consider(second);
        for (int i = 0; i < Polishes && _bestError > 0; i++)
        {
            Consider(HalfScale.Nearest(LeastSquares()));
        }

        return _best;
    }

    private WeightedGroup Group(int group) => _block.Slice(group * _groupLength, _groupLength);

    private int Multiple(float scale, float common) => (int)Math.Clamp(MathF.Round(scale / common), _lowest, _highest);

    /// <summary>The two common scales that hit the group scales best.</summary>
    private (Half First, Half Second) Candidates(float extreme)
    {
        Half first = Half.Zero, second = Half.Zero;
        float firstMiss = float.PositiveInfinity, secondMiss = float.PositiveInfinity;
        for (int i = 0; i < 2 * OuterMultiples; i++)
        {
            int outer = i % 2 == 0 ? _lowest + (i / 2) : _highest - (i / 2);
            Half common = HalfScale.NearestNonZero(extreme / outer);
            for (int step = 0; step < (HalfScale.IsCoarse(common) ? 2 : 1); step++, common = HalfScale.Outward(common))
            {
                float miss = Miss((float)common);
                if (miss < firstMiss)
                {
                    (second, secondMiss) = (first, firstMiss);
                    (first, firstMiss) = (common, miss);
                }
                else if (miss < secondMiss)
                {
                    (second, secondMiss) = (common, miss);
                }
            }
        }

        return (first, second);
    }

    /// <summary>What moving every group scale to a multiple costs, levels unchanged.</summary>
    private float Miss(float common)
    {
        float miss = 0;
        for (int group = 0; group < _scales.Length; group++)
        {
            float distance = _scales[group] - (common * Multiple(_scales[group], common));
            miss += _curvatures[group] * distance * distance;
        }

        return miss;
    }

    private void Consider(Half common)
    {
        if (common == Half.Zero)
        {
            return;
        }

        float total = 0;
        for (int group = 0; group < _scales.Length; group++)
        {
            WeightedGroup values = Group(group);
            int middle = Multiple(_scales[group], (float)common);
            float least = float.PositiveInfinity;
            for (int multiple = Math.Max(middle - 1, _lowest); multiple <= Math.Min(middle + 1, _highest); multiple++)
            {
                float error = values.Error(_levels, (float)common * multiple, 0);
                if (error < least)
                {
                    least = error;
                    _trial[group] = (sbyte)multiple;
                }
            }

            total += least;
        }

        if (total < _bestError)
        {
            _bestError = total;
            _best = common;
            _trial.CopyTo(_multiples);
        }
    }

    /// <summary>The best common scale for the multiples and levels of the best one so far.</summary>
    private float LeastSquares()
    {
        float qx = 0, qq = 0;
        for (int group = 0; group < _scales.Length; group++)
        {
            float scale = (float)_best * _multiples[group];
            FitSums sums = Group(group).Sums(_levels, scale == 0 ? 0 : 1 / scale, 0);
            qx += sums.Qx * _multiples[group];
            qq += sums.Qq * _multiples[group] * _multiples[group];
        }

        return qq > 0 ? qx / qq : 0;
    }
}
