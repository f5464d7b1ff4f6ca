using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Kernels;

/// <summary>8-bit floats (E4M3: 1 sign, 4 exponent with bias 7, 3 fraction) → float32 in bulk.</summary>
/// <remarks>
/// <para>Shapes: <c>x [n]</c> → <c>y [n]</c>. Work: 5n bytes moved; one 128-bit body serves every width (<see cref="Simd.Width"/> 0
/// takes <c>Scalar</c>).</para>
/// <para>Formula: the seven low bits, moved to where float32 has its exponent and fraction, are the number times 2⁻¹²⁰; the product
/// with 2¹²⁰ is exact, denormals included. 0x7F of either sign is NaN; there are no infinities. Every path gives the same bits.</para>
/// <para>Source: Micikevicius et al. 2022, arXiv:2209.05433.</para>
/// </remarks>
internal static class Float8Kernel
{
    private const uint Magnitude = 0x7F;
    private const uint Sign = 0x80;
    private const uint NotANumber = 0x7FC0_0000;
    private const int ToFraction = 20;
    private const int ToSign = 24;

    private static readonly float s_scale = BitConverter.UInt32BitsToSingle((120u + 127u) << 23);

    /// <summary>y = x, exactly.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Widen(ReadOnlySpan<byte> x, Span<float> y)
    {
        if (x.Length != y.Length)
        {
            throw new ArgumentException($"float8: x and y must have the same length, got {x.Length} and {y.Length}.");
        }

        if (Simd.Width >= 128)
        {
            WidenLanes(x, y);
        }
        else
        {
            WidenScalar(x, y);
        }
    }

    /// <summary>One value, exactly.</summary>
    public static float Widen(byte value)
    {
        uint bits = (value & Magnitude) == Magnitude
            ? NotANumber
            : BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle((value & Magnitude) << ToFraction) * s_scale);
        return BitConverter.UInt32BitsToSingle(bits | ((value & Sign) << ToSign));
    }

    internal static void WidenScalar(ReadOnlySpan<byte> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = Widen(x[i]);
        }
    }

    /// <summary>16 values a turn, scalar tail.</summary>
    internal static void WidenLanes(ReadOnlySpan<byte> x, Span<float> y)
    {
        ref byte source = ref MemoryMarshal.GetReference(x);
        ref float target = ref MemoryMarshal.GetReference(y);
        int i = 0;
        for (; i <= x.Length - 16; i += 16)
        {
            (Vector128<ushort> lower, Vector128<ushort> upper) = Vector128.Widen(Vector128.LoadUnsafe(ref source, (nuint)i));
            (Vector128<uint> a, Vector128<uint> b) = Vector128.Widen(lower);
            (Vector128<uint> c, Vector128<uint> d) = Vector128.Widen(upper);
            Value(a).StoreUnsafe(ref target, (nuint)i);
            Value(b).StoreUnsafe(ref target, (nuint)i + 4);
            Value(c).StoreUnsafe(ref target, (nuint)i + 8);
            Value(d).StoreUnsafe(ref target, (nuint)i + 12);
        }

        WidenScalar(x[i..], y[i..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Value(Vector128<uint> codes)
    {
        Vector128<uint> magnitude = codes & Vector128.Create(Magnitude);
        Vector128<uint> number = ((magnitude << ToFraction).AsSingle() * Vector128.Create(s_scale)).AsUInt32();
        Vector128<uint> isNaN = Vector128.Equals(magnitude, Vector128.Create(Magnitude));
        Vector128<uint> bits = Vector128.ConditionalSelect(isNaN, Vector128.Create(NotANumber), number);
        return (bits | ((codes & Vector128.Create(Sign)) << ToSign)).AsSingle();
    }
}
