using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Kernels;

/// <summary>bfloat16 ↔ float32 in bulk; bfloat16 is the upper half of a binary32.</summary>
/// <remarks>
/// <para>Shapes: <c>x [n]</c> → <c>y [n]</c>. Work: 6n bytes moved, a few integer operations a value: bound by memory, so one
/// 128-bit body serves every width (<see cref="Simd.Width"/> 0 takes <c>Scalar</c>).</para>
/// <para>Rounding: widening is exact, bit for bit. Narrowing rounds to nearest, ties to even; what exceeds the largest finite
/// bfloat16 by half a step becomes infinite; NaN stays NaN with its sign and upper payload, made quiet; denormals are kept.</para>
/// <para>Every path gives the same bits. Spans must not overlap.</para>
/// </remarks>
internal static class BFloat16Kernel
{
    /// <summary>y = x, exactly.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Widen(ReadOnlySpan<ushort> x, Span<float> y)
    {
        CheckLengths(x.Length, y.Length);
        if (Simd.Width >= 128)
        {
            WidenLanes(x, y);
        }
        else
        {
            WidenScalar(x, y);
        }
    }

    /// <summary>y = x, rounded to nearest even.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Narrow(ReadOnlySpan<float> x, Span<ushort> y)
    {
        CheckLengths(x.Length, y.Length);
        if (Simd.Width >= 128)
        {
            NarrowLanes(x, y);
        }
        else
        {
            NarrowScalar(x, y);
        }
    }

    /// <summary>One value, exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    /// <summary>One value, rounded to nearest even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if ((bits & 0x7FFF_FFFF) > 0x7F80_0000)
        {
            return (ushort)((bits >> 16) | 0x0040);
        }

        // 0x7FFF rounds down below one half and up above it; the last kept bit decides at exactly one half.
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    internal static void WidenScalar(ReadOnlySpan<ushort> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = Widen(x[i]);
        }
    }

    internal static void NarrowScalar(ReadOnlySpan<float> x, Span<ushort> y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = Narrow(x[i]);
        }
    }

    /// <summary>8 values a turn, scalar tail.</summary>
    internal static void WidenLanes(ReadOnlySpan<ushort> x, Span<float> y)
    {
        ref ushort source = ref MemoryMarshal.GetReference(x);
        ref uint target = ref Unsafe.As<float, uint>(ref MemoryMarshal.GetReference(y));
        int i = 0;
        for (; i <= x.Length - 8; i += 8)
        {
            (Vector128<uint> lower, Vector128<uint> upper) = Vector128.Widen(Vector128.LoadUnsafe(ref source, (nuint)i));
            (lower << 16).StoreUnsafe(ref target, (nuint)i);
            (upper << 16).StoreUnsafe(ref target, (nuint)i + 4);
        }

        WidenScalar(x[i..], y[i..]);
    }

    /// <summary>8 values a turn, scalar tail.</summary>
    internal static void NarrowLanes(ReadOnlySpan<float> x, Span<ushort> y)
    {
        ref uint source = ref Unsafe.As<float, uint>(ref MemoryMarshal.GetReference(x));
        ref ushort target = ref MemoryMarshal.GetReference(y);
        int i = 0;
        for (; i <= x.Length - 8; i += 8)
        {
            Vector128<uint> lower = Rounded(Vector128.LoadUnsafe(ref source, (nuint)i));
            Vector128<uint> upper = Rounded(Vector128.LoadUnsafe(ref source, (nuint)i + 4));
            Vector128.Narrow(lower, upper).StoreUnsafe(ref target, (nuint)i);
        }

        NarrowScalar(x[i..], y[i..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Rounded(Vector128<uint> bits)
    {
        Vector128<uint> upper = bits >> 16;
        Vector128<uint> rounded = (bits + Vector128.Create(0x7FFFu) + (upper & Vector128<uint>.One)) >> 16;

        // Signed comparison: the sign bit is masked away, so both sides are positive.
        Vector128<int> magnitude = (bits & Vector128.Create(0x7FFF_FFFFu)).AsInt32();
        Vector128<uint> isNaN = Vector128.GreaterThan(magnitude, Vector128.Create(0x7F80_0000)).AsUInt32();
        return Vector128.ConditionalSelect(isNaN, upper | Vector128.Create(0x0040u), rounded);
    }

    private static void CheckLengths(int x, int y)
    {
        if (x != y)
        {
            throw new ArgumentException($"bfloat16: x and y must have the same length, got {x} and {y}.");
        }
    }
}
