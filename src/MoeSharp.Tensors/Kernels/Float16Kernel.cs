using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Kernels;

/// <summary>IEEE binary16 ↔ float32 in bulk.</summary>
/// <remarks>
/// <para>Shapes: <c>x [n]</c> → <c>y [n]</c>. Work: 6n bytes moved, some ten operations a value. The processor's own instructions
/// (F16C) are not exposed by .NET, so this is exact bit code, one 128-bit body for every width
/// (<see cref="Simd.Width"/> 0 takes <c>Scalar</c>).</para>
/// <para>Rounding: widening is exact, NaN payloads included. Narrowing rounds to nearest, ties to even; from 65520 on it is
/// infinite; below 2⁻¹⁴ it is denormal; NaN stays NaN with its sign and upper payload, made quiet.</para>
/// <para>Every path gives the same bits. Spans must not overlap.</para>
/// <para>Source: the scheme is Fabian Giesen's (half↔float by a multiplication and by a magic addition); written anew.</para>
/// </remarks>
internal static class Float16Kernel
{
    private const uint MagnitudeMask = 0x7FFF_FFFF;
    private const uint Infinity = 0x7F80_0000;

    /// <summary>2¹¹²: moves a half's exponent (bias 15), read as a float's (bias 127), to where it belongs.</summary>
    private const uint ExponentShift = (127 + 112) << 23;

    /// <summary>2¹⁶: what the shift makes of a half that is infinite or NaN.</summary>
    private const uint FirstBeyondHalf = (127 + 16) << 23;

    /// <summary>2⁻¹⁴: the smallest normal half.</summary>
    private const uint SmallestNormal = (127 - 14) << 23;

    /// <summary>0.5: added to a number below 2⁻¹⁴ it leaves the count of 2⁻²⁴ steps, rounded to even, in the low mantissa bits.</summary>
    private const uint DenormalMagic = 126u << 23;

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
    public static float Widen(ushort value)
    {
        float scaled = BitConverter.UInt32BitsToSingle((value & 0x7FFFu) << 13) * BitConverter.UInt32BitsToSingle(ExponentShift);
        uint bits = BitConverter.SingleToUInt32Bits(scaled);
        bits |= bits >= FirstBeyondHalf ? Infinity : 0;
        return BitConverter.UInt32BitsToSingle(bits | ((value & 0x8000u) << 16));
    }

    /// <summary>One value, rounded to nearest even.</summary>
    public static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        uint sign = (bits & ~MagnitudeMask) >> 16;
        uint magnitude = bits & MagnitudeMask;
        uint half;
        if (magnitude > Infinity)
        {
            half = 0x7E00 | ((magnitude >> 13) & 0x03FF);
        }
        else if (magnitude >= FirstBeyondHalf)
        {
            half = 0x7C00;
        }
        else if (magnitude < SmallestNormal)
        {
            float sum = BitConverter.UInt32BitsToSingle(magnitude) + BitConverter.UInt32BitsToSingle(DenormalMagic);
            half = BitConverter.SingleToUInt32Bits(sum) - DenormalMagic;
        }
        else
        {
            // As for bfloat16: 0xFFF rounds, the last kept bit decides ties; 112 is the difference of the biases.
            half = (magnitude - (112u << 23) + 0xFFF + ((magnitude >> 13) & 1)) >> 13;
        }

        return (ushort)(sign | half);
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
            Widened(lower).StoreUnsafe(ref target, (nuint)i);
            Widened(upper).StoreUnsafe(ref target, (nuint)i + 4);
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
    private static Vector128<uint> Widened(Vector128<uint> half)
    {
        Vector128<float> scaled = ((half & Vector128.Create(0x7FFFu)) << 13).AsSingle() * Vector128.Create(ExponentShift).AsSingle();
        Vector128<uint> beyond = Vector128.GreaterThan(scaled.AsInt32(), Vector128.Create((int)FirstBeyondHalf - 1)).AsUInt32();
        return scaled.AsUInt32() | (beyond & Vector128.Create(Infinity)) | ((half & Vector128.Create(0x8000u)) << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Rounded(Vector128<uint> bits)
    {
        // All four cases of Narrow, then one is chosen; magnitudes are positive as signed numbers.
        Vector128<uint> sign = (bits & Vector128.Create(~MagnitudeMask)) >> 16;
        Vector128<uint> magnitude = bits & Vector128.Create(MagnitudeMask);
        Vector128<uint> denormal = (magnitude.AsSingle() + Vector128.Create(DenormalMagic).AsSingle()).AsUInt32()
            - Vector128.Create(DenormalMagic);
        Vector128<uint> normal = (magnitude - Vector128.Create((112u << 23) - 0xFFF)
            + ((magnitude >> 13) & Vector128<uint>.One)) >> 13;
        Vector128<uint> notANumber = Vector128.Create(0x7E00u) | ((magnitude >> 13) & Vector128.Create(0x03FFu));

        Vector128<uint> half = Vector128.ConditionalSelect(Above(magnitude, SmallestNormal - 1), normal, denormal);
        half = Vector128.ConditionalSelect(Above(magnitude, FirstBeyondHalf - 1), Vector128.Create(0x7C00u), half);
        return sign | Vector128.ConditionalSelect(Above(magnitude, Infinity), notANumber, half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Above(Vector128<uint> magnitude, uint limit) =>
        Vector128.GreaterThan(magnitude.AsInt32(), Vector128.Create((int)limit)).AsUInt32();

    private static void CheckLengths(int x, int y)
    {
        if (x != y)
        {
            throw new ArgumentException($"float16: x and y must have the same length, got {x} and {y}.");
        }
    }
}
