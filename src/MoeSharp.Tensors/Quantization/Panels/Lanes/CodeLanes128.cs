using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Quantization.Panels.Lanes;

/// <summary>4 weight rows side by side, on any machine.</summary>
internal readonly unsafe struct CodeLanes128 : ICodeLanes<CodeLanes128>
{
    private readonly Vector128<byte> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private CodeLanes128(Vector128<byte> value) => _value = value;

    public static int Rows => 4;

    public static CodeLanes128 Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 Load(void* source) => new(Vector128.Load((byte*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(CodeLanes128 value, void* target) => value._value.Store((byte*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 Broadcast(void* four) => new(Vector128.Create(*(int*)four).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 OfBytes(byte value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 OfShorts(short value) => new(Vector128.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 OfInts(int value) => new(Vector128.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 OfFloats(float value) => new(Vector128.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 OfTable(ReadOnlySpan<sbyte> table)
    {
        return new(Vector128.Create(table).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 WidenBytes(byte* source) => new(Vector128.Create((int)source[0], source[1], source[2], source[3]).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 WidenSigned(sbyte* source) => new(Vector128.Create((int)source[0], source[1], source[2], source[3]).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 WidenPairs(byte* source) => new(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsByte()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 WidenHalves(Half* source)
    {
        // Exponent and fraction 13 places up are the number times 2^-112; all ones in the exponent stay all ones.
        Vector128<int> bits = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsUInt16()).AsInt32();
        Vector128<int> magnitude = (bits & Vector128.Create(0x7fff)) << 13;
        Vector128<int> finite = (Vector128.Create(5.192296858534828e33f) * magnitude.AsSingle()).AsInt32();
        Vector128<int> other = magnitude | Vector128.Create(0x7f800000);
        Vector128<int> value = Vector128.ConditionalSelect(Vector128.LessThan(magnitude, Vector128.Create(0x0f800000)), finite, other);
        return new((value | ((bits & Vector128.Create(0x8000)) << 16)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 HalfPowers(byte* exponents)
    {
        // Exponents 0 and 1 give denormal numbers.
        Vector128<int> e = WidenBytes(exponents)._value.AsInt32();
        Vector128<int> small = Vector128.ConditionalSelect(Vector128.Equals(e, Vector128<int>.Zero), Vector128.Create(0x0020_0000), Vector128.Create(0x0040_0000));
        return new(Vector128.ConditionalSelect(Vector128.LessThan(e, Vector128.Create(2)), small, (e - Vector128<int>.One) << 23).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 Duplicate(CodeLanes128 value)
    {
        Vector128<int> x = value._value.AsInt32();
        return new(((x << 16) | (x & Vector128.Create(0xffff))).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 LookUp(CodeLanes128 table, CodeLanes128 indices) => new(Vector128.Shuffle(table._value, indices._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 And(CodeLanes128 a, CodeLanes128 b) => new(a._value & b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 Or(CodeLanes128 a, CodeLanes128 b) => new(a._value | b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 ShiftRight(CodeLanes128 value, int count) => new((value._value.AsInt32() >>> count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 ShiftLeft(CodeLanes128 value, int count) => new((value._value.AsInt32() << count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 ByteProducts(CodeLanes128 unsigned, CodeLanes128 signed) =>
        new(Neighbours(
            unsigned._value.AsInt16() & Vector128.Create((short)0xff), (unsigned._value.AsUInt16() >>> 8).AsInt16(), signed._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 SignedByteProducts(CodeLanes128 weights, CodeLanes128 signed)
    {
        Vector128<short> w = weights._value.AsInt16();
        return new(Neighbours((w << 8) >> 8, w >> 8, signed._value.AsInt16()).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 AddShorts(CodeLanes128 a, CodeLanes128 b) => new((a._value.AsInt16() + b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 MultiplyShorts(CodeLanes128 a, CodeLanes128 b) => new((a._value.AsInt16() * b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 PairProducts(CodeLanes128 a, CodeLanes128 b) =>
        new(((((a._value.AsInt32() << 16) >> 16) * ((b._value.AsInt32() << 16) >> 16))
            + ((a._value.AsInt32() >> 16) * (b._value.AsInt32() >> 16))).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 AddInts(CodeLanes128 a, CodeLanes128 b) => new((a._value.AsInt32() + b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 MultiplyInts(CodeLanes128 a, CodeLanes128 b) => new((a._value.AsInt32() * b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 ToFloats(CodeLanes128 value) => new(Vector128.ConvertToSingle(value._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 Multiply(CodeLanes128 a, CodeLanes128 b) => new((a._value.AsSingle() * b._value.AsSingle()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 Add(CodeLanes128 a, CodeLanes128 b) => new((a._value.AsSingle() + b._value.AsSingle()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes128 MultiplyAdd(CodeLanes128 a, CodeLanes128 b, CodeLanes128 c) =>
        new(Vector128.FusedMultiplyAdd(a._value.AsSingle(), b._value.AsSingle(), c._value.AsSingle()).AsByte());

    // Even bytes times even bytes plus odd times odd, in 16 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Neighbours(Vector128<short> even, Vector128<short> odd, Vector128<short> signed) =>
        (even * ((signed << 8) >> 8)) + (odd * (signed >> 8));
}
