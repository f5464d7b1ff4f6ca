using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.Peaks;

/// <summary>The int8 peak of one core: products of unsigned and signed bytes, summed in 32 bits, in twelve independent chains.</summary>
/// <remarks>Per instruction set the way that kernels have: one VNNI instruction where the runtime offers it, otherwise
/// multiply bytes to pairs of 16 bits, add pairs to 32, add. Nothing is loaded or stored.</remarks>
internal static class ByteDotPeakKernel
{
    private const int Chains = 12;

    /// <summary>What the measurement uses on this machine.</summary>
    public static string Instructions =>
        Simd.Width >= 512 && Avx512BW.IsSupported ? "AVX-512BW maddubs + madd + add"
        : Simd.Width >= 256 && AvxVnni.IsSupported ? "AVX-VNNI dpbusd"
        : Simd.Width >= 256 && Avx2.IsSupported ? "AVX2 maddubs + madd + add"
        : "scalar";

    /// <summary>Runs <paramref name="steps"/> steps; two operations a byte product.</summary>
    public static double Run(long steps, out int result)
    {
        if (Simd.Width >= 512 && Avx512BW.IsSupported)
        {
            result = Wide(steps);
            return 2.0 * Chains * 64 * steps;
        }

        if (Simd.Width >= 256 && AvxVnni.IsSupported)
        {
            result = Vnni(steps);
            return 2.0 * Chains * 32 * steps;
        }

        if (Simd.Width >= 256 && Avx2.IsSupported)
        {
            result = Narrow(steps);
            return 2.0 * Chains * 32 * steps;
        }

        result = Scalar(steps);
        return 2.0 * Chains * steps;
    }

    private static int Scalar(long steps)
    {
        int s0 = 1, s1 = 2, s2 = 3, s3 = 4, s4 = 5, s5 = 6, s6 = 7, s7 = 8, s8 = 9, s9 = 10, s10 = 11, s11 = 12;
        for (long step = 0; step < steps; step++)
        {
            s0 += (byte)step * (sbyte)s0;
            s1 += (byte)step * (sbyte)s1;
            s2 += (byte)step * (sbyte)s2;
            s3 += (byte)step * (sbyte)s3;
            s4 += (byte)step * (sbyte)s4;
            s5 += (byte)step * (sbyte)s5;
            s6 += (byte)step * (sbyte)s6;
            s7 += (byte)step * (sbyte)s7;
            s8 += (byte)step * (sbyte)s8;
            s9 += (byte)step * (sbyte)s9;
            s10 += (byte)step * (sbyte)s10;
            s11 += (byte)step * (sbyte)s11;
        }

        return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11;
    }

    // The signed factor changes with each step and chain, so that no product can be taken out of the loop.
    private static int Narrow(long steps)
    {
        Vector256<byte> x = Vector256.Create((byte)3);
        Vector256<short> ones = Vector256.Create((short)1);
        Vector256<int> s0 = Vector256<int>.One, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0, s10 = s0, s11 = s0;
        for (long step = 0; step < steps; step++)
        {
            s0 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s0.AsSByte()), ones);
            s1 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s1.AsSByte()), ones);
            s2 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s2.AsSByte()), ones);
            s3 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s3.AsSByte()), ones);
            s4 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s4.AsSByte()), ones);
            s5 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s5.AsSByte()), ones);
            s6 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s6.AsSByte()), ones);
            s7 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s7.AsSByte()), ones);
            s8 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s8.AsSByte()), ones);
            s9 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s9.AsSByte()), ones);
            s10 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s10.AsSByte()), ones);
            s11 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, s11.AsSByte()), ones);
        }

        return Vector256.Sum((s0 + s1 + s2 + s3) + (s4 + s5 + s6 + s7) + (s8 + s9 + s10 + s11));
    }

    private static int Vnni(long steps)
    {
        Vector256<byte> x = Vector256.Create((byte)3);
        Vector256<sbyte> y = Vector256.Create((sbyte)-2);
        Vector256<int> s0 = Vector256<int>.One, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0, s10 = s0, s11 = s0;
        for (long step = 0; step < steps; step++)
        {
            s0 = AvxVnni.MultiplyWideningAndAdd(s0, x, y);
            s1 = AvxVnni.MultiplyWideningAndAdd(s1, x, y);
            s2 = AvxVnni.MultiplyWideningAndAdd(s2, x, y);
            s3 = AvxVnni.MultiplyWideningAndAdd(s3, x, y);
            s4 = AvxVnni.MultiplyWideningAndAdd(s4, x, y);
            s5 = AvxVnni.MultiplyWideningAndAdd(s5, x, y);
            s6 = AvxVnni.MultiplyWideningAndAdd(s6, x, y);
            s7 = AvxVnni.MultiplyWideningAndAdd(s7, x, y);
            s8 = AvxVnni.MultiplyWideningAndAdd(s8, x, y);
            s9 = AvxVnni.MultiplyWideningAndAdd(s9, x, y);
            s10 = AvxVnni.MultiplyWideningAndAdd(s10, x, y);
            s11 = AvxVnni.MultiplyWideningAndAdd(s11, x, y);
        }

        return Vector256.Sum((s0 + s1 + s2 + s3) + (s4 + s5 + s6 + s7) + (s8 + s9 + s10 + s11));
    }

    private static int Wide(long steps)
    {
        Vector512<byte> x = Vector512.Create((byte)3);
        Vector512<short> ones = Vector512.Create((short)1);
        Vector512<int> s0 = Vector512<int>.One, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0, s10 = s0, s11 = s0;
        for (long step = 0; step < steps; step++)
        {
            s0 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s0.AsSByte()), ones);
            s1 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s1.AsSByte()), ones);
            s2 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s2.AsSByte()), ones);
            s3 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s3.AsSByte()), ones);
            s4 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s4.AsSByte()), ones);
            s5 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s5.AsSByte()), ones);
            s6 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s6.AsSByte()), ones);
            s7 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s7.AsSByte()), ones);
            s8 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s8.AsSByte()), ones);
            s9 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s9.AsSByte()), ones);
            s10 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s10.AsSByte()), ones);
            s11 += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, s11.AsSByte()), ones);
        }

        return Vector512.Sum((s0 + s1 + s2 + s3) + (s4 + s5 + s6 + s7) + (s8 + s9 + s10 + s11));
    }
}
