using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Kernels.Optimizers;

/// <summary>Sum of squares in double: <c>Σᵢ x[i]²</c>, for gradient norms.</summary>
/// <remarks>
/// <para>Shapes: <c>x [n]</c> → scalar. Work: 2n flops, 4n bytes read.</para>
/// <para>Rounding: sixteen running sums, element i in sum i mod 16, added by a fixed tree; the square of a float is exact in
/// double, so every width gives the same bits. Error below n/16·2⁻⁵³ relative.</para>
/// </remarks>
internal static unsafe class SquareSumKernel
{
    private const int Sums = 16;

    public static double Run(ReadOnlySpan<float> x)
    {
        fixed (float* source = x)
        {
            return Simd.Width == 0 ? Scalar(source, x.Length) : Wide(source, x.Length);
        }
    }

    /// <summary>The definition.</summary>
    internal static double Scalar(float* x, int length)
    {
        double* sums = stackalloc double[Sums];
        new Span<double>(sums, Sums).Clear();
        return Finish(x, 0, length, sums);
    }

    /// <summary>Four registers of four doubles; narrower machines split each register without changing a bit.</summary>
    internal static double Wide(float* x, int length)
    {
        Vector256<double> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        int i = 0;
        for (; i + Sums <= length; i += Sums)
        {
            (Vector256<double> a, Vector256<double> b) = Vector256.Widen(Vector256.Load(x + i));
            (Vector256<double> c, Vector256<double> d) = Vector256.Widen(Vector256.Load(x + i + 8));
            sum0 = Vector256.FusedMultiplyAdd(a, a, sum0);
            sum1 = Vector256.FusedMultiplyAdd(b, b, sum1);
            sum2 = Vector256.FusedMultiplyAdd(c, c, sum2);
            sum3 = Vector256.FusedMultiplyAdd(d, d, sum3);
        }

        double* sums = stackalloc double[Sums];
        sum0.Store(sums);
        sum1.Store(sums + 4);
        sum2.Store(sums + 8);
        sum3.Store(sums + 12);
        return Finish(x, i, length, sums);
    }

    private static double Finish(float* x, int start, int length, double* sums)
    {
        for (int i = start; i < length; i++)
        {
            double value = x[i];
            sums[i % Sums] += value * value;
        }

        for (int half = Sums / 2; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                sums[i] += sums[i + half];
            }
        }

        return sums[0];
    }
}
