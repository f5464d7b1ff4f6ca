using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Sums along one row, shared by the kernels for norms, softmax and losses.</summary>
/// <remarks>
/// <para>Blocks of 512 elements are summed in four registers (their latency is hidden, and each lane adds few terms); the sums
/// of blocks are added in double. The tail of a block runs on single lanes. Error below (512/4/lanes + 8)·ε·Σ|terms| at any length.</para>
/// <para>None is inlined: several in one caller would pass the count of locals up to which the JIT inlines lane operations.</para>
/// <para>A row's sum depends on its values and the width, never on where the row lies or what is beside it.</para>
/// </remarks>
internal static unsafe class RowSums
{
    private const int Block = 512;

    /// <summary>Σ x.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double Sum<TLanes>(float* x, int count)
        where TLanes : struct, ILanes<TLanes>
    {
        double total = 0;
        for (int start = 0; start < count; start += Block)
        {
            int end = Math.Min(start + Block, count), i = start, lane = TLanes.Count;
            TLanes sum0 = TLanes.Zero, sum1 = TLanes.Zero, sum2 = TLanes.Zero, sum3 = TLanes.Zero;
            for (; i + (4 * lane) <= end; i += 4 * lane)
            {
                sum0 += TLanes.Load(x + i);
                sum1 += TLanes.Load(x + i + lane);
                sum2 += TLanes.Load(x + i + (2 * lane));
                sum3 += TLanes.Load(x + i + (3 * lane));
            }

            for (; i + lane <= end; i += lane)
            {
                sum0 += TLanes.Load(x + i);
            }

            float block = TLanes.Sum(sum0 + sum1 + (sum2 + sum3));
            for (; i < end; i++)
            {
                block += x[i];
            }

            total += block;
        }

        return total;
    }

    /// <summary>Σ x·y.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double Dot<TLanes>(float* x, float* y, int count)
        where TLanes : struct, ILanes<TLanes>
    {
        double total = 0;
        for (int start = 0; start < count; start += Block)
        {
            int end = Math.Min(start + Block, count), i = start, lane = TLanes.Count;
            TLanes sum0 = TLanes.Zero, sum1 = TLanes.Zero, sum2 = TLanes.Zero, sum3 = TLanes.Zero;
            for (; i + (4 * lane) <= end; i += 4 * lane)
            {
                sum0 = TLanes.MultiplyAdd(TLanes.Load(x + i), TLanes.Load(y + i), sum0);
                sum1 = TLanes.MultiplyAdd(TLanes.Load(x + i + lane), TLanes.Load(y + i + lane), sum1);
                sum2 = TLanes.MultiplyAdd(TLanes.Load(x + i + (2 * lane)), TLanes.Load(y + i + (2 * lane)), sum2);
                sum3 = TLanes.MultiplyAdd(TLanes.Load(x + i + (3 * lane)), TLanes.Load(y + i + (3 * lane)), sum3);
            }

            for (; i + lane <= end; i += lane)
            {
                sum0 = TLanes.MultiplyAdd(TLanes.Load(x + i), TLanes.Load(y + i), sum0);
            }

            float block = TLanes.Sum(sum0 + sum1 + (sum2 + sum3));
            for (; i < end; i++)
            {
                block = MathF.FusedMultiplyAdd(x[i], y[i], block);
            }

            total += block;
        }

        return total;
    }

    /// <summary>Σ x·y·z.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double Dot<TLanes>(float* x, float* y, float* z, int count)
        where TLanes : struct, ILanes<TLanes>
    {
        double total = 0;
        for (int start = 0; start < count; start += Block)
        {
            int end = Math.Min(start + Block, count), i = start, lane = TLanes.Count;
            TLanes sum0 = TLanes.Zero, sum1 = TLanes.Zero;
            for (; i + (2 * lane) <= end; i += 2 * lane)
            {
                sum0 = TLanes.MultiplyAdd(TLanes.Load(x + i) * TLanes.Load(y + i), TLanes.Load(z + i), sum0);
                sum1 = TLanes.MultiplyAdd(TLanes.Load(x + i + lane) * TLanes.Load(y + i + lane), TLanes.Load(z + i + lane), sum1);
            }

            for (; i + lane <= end; i += lane)
            {
                sum0 = TLanes.MultiplyAdd(TLanes.Load(x + i) * TLanes.Load(y + i), TLanes.Load(z + i), sum0);
            }

            float block = TLanes.Sum(sum0 + sum1);
            for (; i < end; i++)
            {
                block = MathF.FusedMultiplyAdd(x[i] * y[i], z[i], block);
            }

            total += block;
        }

        return total;
    }

    /// <summary>The largest element, −∞ for an empty row; NaN may be passed over, since it makes sums NaN in any case.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float Max<TLanes>(float* x, int count)
        where TLanes : struct, ILanes<TLanes>
    {
        int i = 0, lane = TLanes.Count;
        float max = float.NegativeInfinity;
        if (count >= lane)
        {
            TLanes max0 = TLanes.Load(x), max1 = max0;
            for (i = lane; i + (2 * lane) <= count; i += 2 * lane)
            {
                TLanes first = TLanes.Load(x + i), second = TLanes.Load(x + i + lane);
                max0 = TLanes.IfGreater(first, max0, first, max0);
                max1 = TLanes.IfGreater(second, max1, second, max1);
            }

            for (; i + lane <= count; i += lane)
            {
                TLanes value = TLanes.Load(x + i);
                max0 = TLanes.IfGreater(value, max0, value, max0);
            }

            max = TLanes.Max(TLanes.Max(max0, max1));
        }

        for (; i < count; i++)
        {
            max = MathF.Max(max, x[i]);
        }

        return max;
    }

    /// <summary>y = eˣ⁻ᵐ (where y is given) and Σ of it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double ExpSum<TLanes>(float* x, float max, float* y, int count)
        where TLanes : struct, ILanes<TLanes>
    {
        double total = 0;
        for (int start = 0; start < count; start += Block)
        {
            // One exponential an iteration: successive ones overlap by themselves, since only the addition waits for the last.
            int end = Math.Min(start + Block, count), i = start;
            TLanes shift = TLanes.Broadcast(max), sum = TLanes.Zero;
            for (; i + TLanes.Count <= end; i += TLanes.Count)
            {
                TLanes exp = LaneMath.Exp(TLanes.Load(x + i) - shift);
                sum += exp;
                if (y != null)
                {
                    TLanes.Store(exp, y + i);
                }
            }

            float block = TLanes.Sum(sum);
            for (; i < end; i++)
            {
                float exp = Exp(x[i] - max);
                block += exp;
                if (y != null)
                {
                    y[i] = exp;
                }
            }

            total += block;
        }

        return total;
    }

    /// <summary>y = s·x.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Scale<TLanes>(float* x, float s, float* y, int count)
        where TLanes : struct, ILanes<TLanes>
    {
        int i = 0;
        TLanes scale = TLanes.Broadcast(s);
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes.Store(TLanes.Load(x + i) * scale, y + i);
        }

        for (; i < count; i++)
        {
            y[i] = x[i] * s;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Exp(float x) => LaneMath.Exp(Lanes1.Broadcast(x)).Value;
}
