using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Rotates pairs of a head's numbers: <c>(a, b) → (a·cos − b·sin, b·cos + a·sin)</c>.</summary>
/// <remarks>
/// <para>Shapes: one head of <c>2·half</c> numbers, <c>cos, sin [half]</c>. Layouts as <see cref="Autograd.Ops.RopeLayout"/>.</para>
/// <para>The gradient is the rotation the other way (sin negated), with reading and writing order exchanged. Each product is
/// rounded once and joined by one multiply-add, so bits depend on neither width nor place. Tails run on single lanes.</para>
/// <para>Source: Su et al. 2021, arXiv:2104.09864.</para>
/// </remarks>
internal static unsafe class RopeKernel
{
    /// <summary>Pairs (i, i + half).</summary>
    public static void HalfSplit(
        ReadOnlySpan<float> x, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, Span<float> y, bool inverse, bool accumulate)
    {
        switch (Simd.Width)
        {
            case 512:
                HalfSplitLanes<Lanes512>(x, cos, sin, y, inverse, accumulate);
                break;
            case 256:
                HalfSplitLanes<Lanes256>(x, cos, sin, y, inverse, accumulate);
                break;
            case 128:
                HalfSplitLanes<Lanes128>(x, cos, sin, y, inverse, accumulate);
                break;
            default:
                HalfSplitLanes<Lanes1>(x, cos, sin, y, inverse, accumulate);
                break;
        }
    }

    /// <summary>Pairs (2i, 2i + 1): the definition, short enough to be the only body.</summary>
    public static void Interleaved(
        ReadOnlySpan<float> x, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, Span<float> y, bool inverse, bool accumulate)
    {
        for (int i = 0; i < cos.Length; i++)
        {
            Rotate(x[2 * i], x[(2 * i) + 1], cos[i], inverse ? -sin[i] : sin[i], ref y[2 * i], ref y[(2 * i) + 1], accumulate);
        }
    }

    /// <summary>Reads pairs (2i, 2i + 1), writes pairs (i, i + half); its inverse reads and writes the other way round.</summary>
    public static void InterleavedToHalves(
        ReadOnlySpan<float> x, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, Span<float> y, bool inverse, bool accumulate)
    {
        int half = cos.Length;
        for (int i = 0; i < half; i++)
        {
            if (inverse)
            {
                Rotate(x[i], x[i + half], cos[i], -sin[i], ref y[2 * i], ref y[(2 * i) + 1], accumulate);
            }
            else
            {
                Rotate(x[2 * i], x[(2 * i) + 1], cos[i], sin[i], ref y[i], ref y[i + half], accumulate);
            }
        }
    }

    /// <summary>The definition of <see cref="HalfSplit"/>.</summary>
    internal static void Scalar(
        ReadOnlySpan<float> x, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, Span<float> y, bool inverse, bool accumulate)
    {
        for (int i = 0; i < cos.Length; i++)
        {
            Rotate(x[i], x[i + cos.Length], cos[i], inverse ? -sin[i] : sin[i], ref y[i], ref y[i + cos.Length], accumulate);
        }
    }

    internal static void HalfSplitLanes<TLanes>(
        ReadOnlySpan<float> x, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, Span<float> y, bool inverse, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        int half = cos.Length, i = 0;
        float sign = inverse ? -1 : 1;
        fixed (float* source = x, cosines = cos, sines = sin, target = y)
        {
            for (; i + TLanes.Count <= half; i += TLanes.Count)
            {
                Step<TLanes>(source + i, half, cosines + i, sines + i, sign, target + i, accumulate);
            }

            for (; i < half; i++)
            {
                Step<Lanes1>(source + i, half, cosines + i, sines + i, sign, target + i, accumulate);
            }
        }
    }

    private static void Step<TLanes>(float* x, int half, float* cos, float* sin, float sign, float* y, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes a = TLanes.Load(x), b = TLanes.Load(x + half), c = TLanes.Load(cos), s = TLanes.Load(sin) * TLanes.Broadcast(sign);
        TLanes first = TLanes.MultiplyAdd(a, c, TLanes.Zero - (b * s));
        TLanes second = TLanes.MultiplyAdd(b, c, a * s);
        TLanes.Store(accumulate ? first + TLanes.Load(y) : first, y);
        TLanes.Store(accumulate ? second + TLanes.Load(y + half) : second, y + half);
    }

    private static void Rotate(float a, float b, float cos, float sin, ref float first, ref float second, bool accumulate)
    {
        float rotatedA = MathF.FusedMultiplyAdd(a, cos, 0 - (b * sin));
        float rotatedB = MathF.FusedMultiplyAdd(b, cos, a * sin);
        first = accumulate ? rotatedA + first : rotatedA;
        second = accumulate ? rotatedB + second : rotatedB;
    }
}
