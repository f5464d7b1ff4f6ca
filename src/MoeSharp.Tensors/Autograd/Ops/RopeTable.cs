namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Cosines and sines of rotary positions, computed once and kept.</summary>
/// <remarks>
/// <para>Angle of pair i at position p: <c>p·f[i]</c>, a float32 product as in the reference; cos and sin of it in double, times the
/// attention factor, rounded once. The table grows as positions come; growing is safe beside readers.</para>
/// </remarks>
public sealed class RopeTable
{
    private readonly float[] _inverseFrequencies;
    private readonly Lock _growing = new();
    private volatile Angles _angles = new(Tensor.Zeros(new(0, 1)), Tensor.Zeros(new(0, 1)));

    /// <summary>Makes a table from frequencies.</summary>
    /// <param name="inverseFrequencies">Radians a position, one a pair.</param>
    /// <param name="attentionFactor">What cos and sin are multiplied by.</param>
    /// <param name="layout">Which numbers form a pair.</param>
    public RopeTable(ReadOnlySpan<float> inverseFrequencies, float attentionFactor = 1, RopeLayout layout = RopeLayout.HalfSplit)
    {
        _inverseFrequencies = inverseFrequencies.ToArray();
        AttentionFactor = attentionFactor;
        Layout = layout;
    }

    /// <summary>Makes a table from a configuration.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="sequenceLength">Length of the text, for scalings that depend on it.</param>
    public RopeTable(RopeOptions options, int sequenceLength = 0)
        : this(RopeFrequencies.Compute(options, sequenceLength), RopeFrequencies.AttentionFactor(options), options.Layout)
    {
    }

    /// <summary>Columns of a head that are rotated: two a pair.</summary>
    public int RotarySize => 2 * _inverseFrequencies.Length;

    /// <summary>Radians a position, one a pair.</summary>
    public ReadOnlySpan<float> InverseFrequencies => _inverseFrequencies;

    /// <summary>What cos and sin are multiplied by.</summary>
    public float AttentionFactor { get; }

    /// <summary>Which numbers form a pair.</summary>
    public RopeLayout Layout { get; }

    /// <summary>The table of all rows of sequences with more than <see cref="LongAfter"/> positions; null where all take this one.</summary>
    public RopeTable? Long { get; init; }

    /// <summary>The most positions of a sequence that takes this table.</summary>
    public int LongAfter { get; init; } = int.MaxValue;

    /// <summary>Makes room for angles, so that no step has to.</summary>
    /// <param name="position">The last position.</param>
    public void Reserve(int position)
    {
        UpTo(position);
        Long?.Reserve(position);
    }

    /// <summary>Tables that reach at least to <paramref name="position"/>.</summary>
    internal Angles UpTo(int position)
    {
        Angles angles = _angles;
        return position < angles.Cosines.Shape.Rows ? angles : Grow(position);
    }

    private Angles Grow(int position)
    {
        lock (_growing)
        {
            int known = _angles.Cosines.Rows;
            if (position < known)
            {
                return _angles;
            }

            int rows = (int)Math.Min(Math.Max(256, Math.Max(2L * known, position + 1L)), int.MaxValue);
            Tensor cosines = Tensor.Uninitialized(new(rows, _inverseFrequencies.Length));
            Tensor sines = Tensor.Uninitialized(cosines.Shape);
            for (int row = 0; row < rows; row++)
            {
                Span<float> cosine = cosines.Row(row), sine = sines.Row(row);
                for (int i = 0; i < cosine.Length; i++)
                {
                    float angle = row * _inverseFrequencies[i];
                    cosine[i] = (float)(Math.Cos(angle) * AttentionFactor);
                    sine[i] = (float)(Math.Sin(angle) * AttentionFactor);
                }
            }

            return _angles = new Angles(cosines, sines);
        }
    }

    /// <summary>cos and sin <c>[positions, pairs]</c>.</summary>
    internal sealed record Angles(Tensor Cosines, Tensor Sines);
}
