using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>Unevenly spaced levels, at most 16.</summary>
internal readonly struct TableLevels : ICodeLevels
{
    private readonly float[] _steps;
    private readonly float[] _midpoints;

    /// <param name="levels">Ascending.</param>
    /// <param name="reach">How far beyond an end the largest value may be put.</param>
    public TableLevels(ReadOnlySpan<sbyte> levels, float reach)
    {
        Lowest = levels[0];
        Highest = levels[^1];
        Reach = reach;
        _steps = new float[levels.Length - 1];
        _midpoints = new float[levels.Length - 1];
        for (int i = 0; i < _steps.Length; i++)
        {
            _steps[i] = levels[i + 1] - levels[i];
            _midpoints[i] = 0.5f * (levels[i] + levels[i + 1]);
        }
    }

    public float Lowest { get; }

    public float Highest { get; }

    public float Reach { get; }

    /// <summary>The lowest level plus every step whose middle is passed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Nearest(Vector256<float> x)
    {
        Vector256<float> level = Vector256.Create(Lowest);
        for (int i = 0; i < _midpoints.Length; i++)
        {
            Vector256<float> passed = Vector256.GreaterThan(x, Vector256.Create(_midpoints[i]));
            level += passed & Vector256.Create(_steps[i]);
        }

        return level;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<int> NearestIndex(Vector256<float> x)
    {
        Vector256<int> index = Vector256<int>.Zero;
        for (int i = 0; i < _midpoints.Length; i++)
        {
            index -= Vector256.GreaterThan(x, Vector256.Create(_midpoints[i])).AsInt32();
        }

        return index;
    }
}
