using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Rounds 32 numbers to signed bytes with one scale, as a key-value cache of <see cref="DType.Q80"/> keeps them.</summary>
/// <remarks>
/// <para>Formula: <c>scale = max|x| / 127</c> rounded to binary16 (at most its largest number), <c>code = x / scale</c> rounded to nearest,
/// ties to even, within ±127; all 0 where the scale is 0. So the error is at most half a scale, 1/254 of the largest number of the block.</para>
/// <para>A block with NaN or an infinity has the scale NaN: it cannot be kept, and that must show.</para>
/// </remarks>
internal static unsafe class CacheCodeKernel
{
    private const float Largest = 65504f;

    /// <summary>Writes 32 codes, <paramref name="stride"/> apart, and returns the scale's bits.</summary>
    public static ushort Run(float* values, sbyte* codes, int stride)
    {
        Vector256<float> v0 = Vector256.Load(values), v1 = Vector256.Load(values + 8), v2 = Vector256.Load(values + 16), v3 = Vector256.Load(values + 24);
        Vector256<float> largest = Vector256.Max(Vector256.Max(Vector256.Abs(v0), Vector256.Abs(v1)), Vector256.Max(Vector256.Abs(v2), Vector256.Abs(v3)));
        ushort bits = Scale(largest);
        float scale = Float16Kernel.Widen(bits);
        if (!(scale > 0))
        {
            for (int i = 0; i < KeyValueView.Block; i++)
            {
                codes[i * stride] = (sbyte)(float.IsNaN(scale) ? 1 : 0);
            }

            return bits;
        }

        int* whole = stackalloc int[KeyValueView.Block];
        Round(v0, scale).Store(whole);
        Round(v1, scale).Store(whole + 8);
        Round(v2, scale).Store(whole + 16);
        Round(v3, scale).Store(whole + 24);
        for (int i = 0; i < KeyValueView.Block; i++)
        {
            codes[i * stride] = (sbyte)whole[i];
        }

        return bits;
    }

    /// <summary>The definition.</summary>
    internal static ushort Scalar(ReadOnlySpan<float> values, Span<sbyte> codes)
    {
        float largest = 0;
        foreach (float value in values)
        {
            largest = MathF.Max(largest, MathF.Abs(value)); // NaN wins
        }

        ushort bits = Float16Kernel.Narrow(float.IsFinite(largest) ? MathF.Min(largest / 127, Largest) : float.NaN);
        float scale = Float16Kernel.Widen(bits);
        for (int i = 0; i < values.Length; i++)
        {
            codes[i] = scale > 0 ? (sbyte)Math.Clamp(MathF.Round(values[i] / scale, MidpointRounding.ToEven), -127, 127)
                : (sbyte)(float.IsNaN(scale) ? 1 : 0);
        }

        return bits;
    }

    private static ushort Scale(Vector256<float> largest)
    {
        float top = 0;
        for (int i = 0; i < Vector256<float>.Count; i++)
        {
            top = MathF.Max(top, largest[i]);
        }

        return Float16Kernel.Narrow(float.IsFinite(top) ? MathF.Min(top / 127, Largest) : float.NaN);
    }

    private static Vector256<int> Round(Vector256<float> values, float scale)
    {
        Vector256<float> whole = Vector256.Round(values / Vector256.Create(scale), MidpointRounding.ToEven);
        return Vector256.ConvertToInt32(Vector256.Min(Vector256.Max(whole, Vector256.Create(-127f)), Vector256.Create(127f)));
    }
}
