using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>Unevenly spaced levels, 9 to 16 of them.</summary>
/// <remarks>The nearest level is found by halving: four comparisons with the middle between two levels, each middle looked up in a register.</remarks>
internal readonly struct TableLevels : ICodeLevels
{
    private const int Most = 16;

    private readonly Vector256<float> _lowerLevels;
    private readonly Vector256<float> _upperLevels;
    private readonly float _middle;
    private readonly Vector256<float> _quarters;
    private readonly Vector256<float> _eighths;
    private readonly Vector256<float> _sixteenths;

    /// <param name="levels">Ascending.</param>
    /// <param name="reach">How far beyond an end the largest value may be put.</param>
    public TableLevels(ReadOnlySpan<sbyte> levels, float reach)
    {
        Lowest = levels[0];
        Highest = levels[^1];
        Reach = reach;

        // Levels that are not there are never reached.
        Span<float> all = stackalloc float[Most], middles = stackalloc float[Most];
        middles.Fill(float.PositiveInfinity);
        for (int i = 0; i < levels.Length; i++)
        {
            all[i] = levels[i];
            middles[i] = i + 1 < levels.Length ? 0.5f * (levels[i] + levels[i + 1]) : float.PositiveInfinity;
        }

        _lowerLevels = Vector256.Create<float>(all);
        _upperLevels = Vector256.Create<float>(all[8..]);
        _middle = middles[7];
        _quarters = Vector256.Create(middles[3], middles[11], 0, 0, 0, 0, 0, 0);
        _eighths = Vector256.Create(middles[1], middles[5], middles[9], middles[13], 0, 0, 0, 0);
        _sixteenths = Vector256.Create(
            middles[0], middles[2], middles[4], middles[6], middles[8], middles[10], middles[12], middles[14]);
    }

    public float Lowest { get; }

    public float Highest { get; }

    public float Reach { get; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Nearest(Vector256<float> x)
    {
        Vector256<int> index = NearestIndex(x);
        Vector256<int> inHalf = index & Vector256.Create(7);
        return Vector256.ConditionalSelect(
            Vector256.GreaterThan(index, Vector256.Create(7)).AsSingle(),
            Vector256.ShuffleNative(_upperLevels, inHalf),
            Vector256.ShuffleNative(_lowerLevels, inHalf));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<int> NearestIndex(Vector256<float> x)
    {
        Vector256<int> index = Bit(x, Vector256.Create(_middle));
        index = index + index + Bit(x, Vector256.ShuffleNative(_quarters, index));
        index = index + index + Bit(x, Vector256.ShuffleNative(_eighths, index));
        return index + index + Bit(x, Vector256.ShuffleNative(_sixteenths, index));
    }

    /// <summary>1 where x is above the middle.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Bit(Vector256<float> x, Vector256<float> middle) =>
        Vector256.GreaterThan(x, middle).AsInt32() & Vector256<int>.One;
}
