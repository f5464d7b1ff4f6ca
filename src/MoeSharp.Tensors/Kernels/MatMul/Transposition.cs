using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Transposes blocks of floats in registers.</summary>
internal static unsafe class Transposition
{
    /// <summary><c>target[j, i] = source[i, j]</c> for a block of eight by eight. Needs AVX.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Eight(float* source, long sourceStride, float* target, long targetStride)
    {
        // The halves of row i and row i + 4 share a register, so that no lane has to cross later.
        float* low = source, high = source + (4 * sourceStride);
        Vector256<float> r0 = Halves(low, high), r4 = Halves(low + 4, high + 4);
        low += sourceStride;
        high += sourceStride;
        Vector256<float> r1 = Halves(low, high), r5 = Halves(low + 4, high + 4);
        low += sourceStride;
        high += sourceStride;
        Vector256<float> r2 = Halves(low, high), r6 = Halves(low + 4, high + 4);
        low += sourceStride;
        high += sourceStride;
        Vector256<float> r3 = Halves(low, high), r7 = Halves(low + 4, high + 4);

        Four(r0, r1, r2, r3, target, targetStride);
        Four(r4, r5, r6, r7, target + (4 * targetStride), targetStride);
    }

    /// <summary><c>target[j, i] = source[i, j]</c> for any block; finishes some rows of the target before the next, so that
    /// its lines are written once.</summary>
    public static void ByTarget(float* source, long sourceStride, float* target, long targetStride, int rows, int columns)
    {
        int j = 0;
        if (Avx.IsSupported)
        {
            for (; j + 8 <= columns; j += 8)
            {
                int i = 0;
                for (; i + 8 <= rows; i += 8)
                {
                    // One line of the rows that come next, so that their stores find them.
                    Sse.Prefetch0(target + ((j + 8 + (i % 16 / 2)) * targetStride) + (i & ~15));
                    Sse.Prefetch0(target + ((j + 9 + (i % 16 / 2)) * targetStride) + (i & ~15));
                    Sse.Prefetch0(target + ((j + 10 + (i % 16 / 2)) * targetStride) + (i & ~15));
                    Sse.Prefetch0(target + ((j + 11 + (i % 16 / 2)) * targetStride) + (i & ~15));
                    Eight(source + (i * sourceStride) + j, sourceStride, target + (j * targetStride) + i, targetStride);
                }

                Plain(source + (i * sourceStride) + j, sourceStride, target + (j * targetStride) + i, targetStride, rows - i, 8);
            }
        }

        Plain(source + j, sourceStride, target + (j * targetStride), targetStride, rows, columns - j);
    }

    /// <summary>As <see cref="ByTarget"/>, but finishes some rows of the source before the next, so that its lines are read once.</summary>
    public static void BySource(float* source, long sourceStride, float* target, long targetStride, int rows, int columns)
    {
        int i = 0;
        if (Avx.IsSupported)
        {
            for (; i + 8 <= rows; i += 8)
            {
                int j = 0;
                for (; j + 8 <= columns; j += 8)
                {
                    Eight(source + (i * sourceStride) + j, sourceStride, target + (j * targetStride) + i, targetStride);
                }

                Plain(source + (i * sourceStride) + j, sourceStride, target + (j * targetStride) + i, targetStride, 8, columns - j);
            }
        }

        Plain(source + (i * sourceStride), sourceStride, target + i, targetStride, rows - i, columns);
    }

    /// <summary>Four k of eight rows: vector t holds k = t of all of them. Rows 0–3 start at <paramref name="low"/>, rows 4–7 at <paramref name="high"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FourDeep(
        float* low, float* high, long stride, out Vector256<float> k0, out Vector256<float> k1, out Vector256<float> k2, out Vector256<float> k3)
    {
        Vector256<float> r0 = Vector256.Create(Vector128.Load(low), Vector128.Load(high));
        Vector256<float> r1 = Vector256.Create(Vector128.Load(low + stride), Vector128.Load(high + stride));
        Vector256<float> r2 = Vector256.Create(Vector128.Load(low + (2 * stride)), Vector128.Load(high + (2 * stride)));
        Vector256<float> r3 = Vector256.Create(Vector128.Load(low + (3 * stride)), Vector128.Load(high + (3 * stride)));
        Vector256<float> a = Avx.UnpackLow(r0, r1), b = Avx.UnpackHigh(r0, r1), c = Avx.UnpackLow(r2, r3), d = Avx.UnpackHigh(r2, r3);
        k0 = Avx.Shuffle(a, c, 0x44);
        k1 = Avx.Shuffle(a, c, 0xEE);
        k2 = Avx.Shuffle(b, d, 0x44);
        k3 = Avx.Shuffle(b, d, 0xEE);
    }

    private static void Plain(float* source, long sourceStride, float* target, long targetStride, int rows, int columns)
    {
        for (int j = 0; j < columns; j++)
        {
            for (int i = 0; i < rows; i++)
            {
                target[(j * targetStride) + i] = source[(i * sourceStride) + j];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Halves(float* low, float* high) =>
        Vector256.Create(Vector128.Load(low), Vector128.Load(high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        Vector256<float> r0, Vector256<float> r1, Vector256<float> r2, Vector256<float> r3, float* target, long stride)
    {
        Vector256<float> a = Avx.UnpackLow(r0, r1), b = Avx.UnpackHigh(r0, r1);
        Vector256<float> c = Avx.UnpackLow(r2, r3), d = Avx.UnpackHigh(r2, r3);
        Avx.Shuffle(a, c, 0x44).Store(target);
        Avx.Shuffle(a, c, 0xEE).Store(target + stride);
        Avx.Shuffle(b, d, 0x44).Store(target + (2 * stride));
        Avx.Shuffle(b, d, 0xEE).Store(target + (3 * stride));
    }
}
