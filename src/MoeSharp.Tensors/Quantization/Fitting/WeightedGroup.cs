using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>Values that share a scale, each with the weight of its squared error; a multiple of 8 of them.</summary>
/// <remarks>Always eight lanes and no fused multiply-add, so that the chosen bytes are the same on every machine.</remarks>
internal readonly ref struct WeightedGroup(ReadOnlySpan<float> values, ReadOnlySpan<float> weights)
{
    private readonly ReadOnlySpan<float> _values = values;
    private readonly ReadOnlySpan<float> _weights = weights;

    /// <summary>The values.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>A part of it.</summary>
    public WeightedGroup Slice(int start, int length) => new(_values.Slice(start, length), _weights.Slice(start, length));

    /// <summary>Other values with the same weights.</summary>
    public WeightedGroup With(ReadOnlySpan<float> values) => new(values, _weights);

    /// <summary>The value of the largest magnitude, with its sign.</summary>
    public float Extreme()
    {
        (float least, float most) = Range();
        return -least > most ? least : most;
    }

    /// <summary>The smallest and the largest value.</summary>
    public (float Least, float Most) Range()
    {
        ref float x = ref MemoryMarshal.GetReference(_values);
        Vector256<float> least = Vector256.LoadUnsafe(ref x), most = least;
        for (nuint i = 8; i < (nuint)_values.Length; i += 8)
        {
            Vector256<float> value = Vector256.LoadUnsafe(ref x, i);
            least = Vector256.MinNative(least, value);
            most = Vector256.MaxNative(most, value);
        }

        return (-Lanes256.Max(new Lanes256(-least)), Lanes256.Max(new Lanes256(most)));
    }

    /// <summary>Σ w and Σ w·x.</summary>
    public (float Weight, float Value) Totals()
    {
        ref float x = ref MemoryMarshal.GetReference(_values);
        ref float w = ref MemoryMarshal.GetReference(_weights);
        Vector256<float> weight = Vector256<float>.Zero, value = Vector256<float>.Zero;
        for (nuint i = 0; i < (nuint)_values.Length; i += 8)
        {
            Vector256<float> wi = Vector256.LoadUnsafe(ref w, i);
            weight += wi;
            value += wi * Vector256.LoadUnsafe(ref x, i);
        }

        return (Sum(weight), Sum(value));
    }

    /// <summary>Sums with q = the level nearest to <c>(x − offset)·inverse</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FitSums Sums<TLevels>(TLevels levels, float inverse, float offset)
        where TLevels : struct, ICodeLevels
    {
        ref float x = ref MemoryMarshal.GetReference(_values);
        ref float w = ref MemoryMarshal.GetReference(_weights);
        Vector256<float> qx = Vector256<float>.Zero, qq = Vector256<float>.Zero, q = Vector256<float>.Zero;
        for (nuint i = 0; i < (nuint)_values.Length; i += 8)
        {
            Vector256<float> xi = Vector256.LoadUnsafe(ref x, i);
            Vector256<float> level = levels.Nearest((xi - Vector256.Create(offset)) * Vector256.Create(inverse));
            Vector256<float> weighted = level * Vector256.LoadUnsafe(ref w, i);
            q += weighted;
            qq += weighted * level;
            qx += weighted * xi;
        }

        return new FitSums(Sum(qx), Sum(qq), Sum(q));
    }

    /// <summary>Σ w·(x − scale·q − offset)² with the nearest levels q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Error<TLevels>(TLevels levels, float scale, float offset)
        where TLevels : struct, ICodeLevels
    {
        ref float x = ref MemoryMarshal.GetReference(_values);
        ref float w = ref MemoryMarshal.GetReference(_weights);
        float inverse = Inverse(scale);
        Vector256<float> error = Vector256<float>.Zero;
        for (nuint i = 0; i < (nuint)_values.Length; i += 8)
        {
            Vector256<float> rest = Vector256.LoadUnsafe(ref x, i) - Vector256.Create(offset);
            rest -= levels.Nearest(rest * Vector256.Create(inverse)) * Vector256.Create(scale);
            error += rest * rest * Vector256.LoadUnsafe(ref w, i);
        }

        return Sum(error);
    }

    /// <summary>The places of the nearest levels, counted from the lowest.</summary>
    public void Codes<TLevels>(TLevels levels, float scale, float offset, Span<byte> codes)
        where TLevels : struct, ICodeLevels
    {
        ref float x = ref MemoryMarshal.GetReference(_values);
        float inverse = Inverse(scale);
        for (int i = 0; i < _values.Length; i += 8)
        {
            Vector256<float> rest = Vector256.LoadUnsafe(ref x, (nuint)i) - Vector256.Create(offset);
            Vector256<int> index = levels.NearestIndex(rest * Vector256.Create(inverse));
            for (int j = 0; j < 8; j++)
            {
                codes[i + j] = (byte)index[j];
            }
        }
    }

    private static float Inverse(float scale) => scale == 0 ? 0 : 1 / scale;

    private static float Sum(Vector256<float> value) => Lanes256.Sum(new Lanes256(value));
}
