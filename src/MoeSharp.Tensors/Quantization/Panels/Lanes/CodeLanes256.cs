using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Quantization.Panels.Lanes;

/// <summary>8 weight rows side by side (AVX2).</summary>
internal readonly unsafe struct CodeLanes256 : ICodeLanes<CodeLanes256>
{
    private readonly Vector256<byte> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private CodeLanes256(Vector256<byte> value) => _value = value;

    /// <summary>True where the machine has the instructions.</summary>
    public static bool IsSupported => Avx2.IsSupported && Fma.IsSupported;

    public static int Rows => 8;

    public static CodeLanes256 Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 Load(void* source) => new(Vector256.Load((byte*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(CodeLanes256 value, void* target) => value._value.Store((byte*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 Broadcast(void* four) => new(Vector256.Create(*(int*)four).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 OfBytes(byte value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 OfShorts(short value) => new(Vector256.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 OfInts(int value) => new(Vector256.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 OfFloats(float value) => new(Vector256.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 OfTable(ReadOnlySpan<sbyte> table)
    {
        Vector128<byte> one = Vector128.Create(table).AsByte();
        return new(Vector256.Create(one, one));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 WidenBytes(byte* source) => new(Avx2.ConvertToVector256Int32(source).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 WidenSigned(sbyte* source) => new(Avx2.ConvertToVector256Int32(source).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 WidenPairs(byte* source) => new(Avx2.ConvertToVector256Int16(source).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 WidenHalves(Half* source)
    {
        // Exponent and fraction 13 places up are the number times 2^-112; all ones in the exponent stay all ones.
        Vector256<int> bits = Avx2.ConvertToVector256Int32((ushort*)source).AsInt32();
        Vector256<int> magnitude = (bits & Vector256.Create(0x7fff)) << 13;
        Vector256<int> finite = (Vector256.Create(5.192296858534828e33f) * magnitude.AsSingle()).AsInt32();
        Vector256<int> other = magnitude | Vector256.Create(0x7f800000);
        Vector256<int> value = Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(0x0f800000)), finite, other);
        return new((value | ((bits & Vector256.Create(0x8000)) << 16)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 HalfPowers(byte* exponents)
    {
        // Exponents 0 and 1 give denormal numbers.
        Vector256<int> e = WidenBytes(exponents)._value.AsInt32();
        Vector256<int> small = Vector256.ConditionalSelect(Vector256.Equals(e, Vector256<int>.Zero), Vector256.Create(0x0020_0000), Vector256.Create(0x0040_0000));
        return new(Vector256.ConditionalSelect(Vector256.LessThan(e, Vector256.Create(2)), small, (e - Vector256<int>.One) << 23).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 Duplicate(CodeLanes256 value)
    {
        Vector256<int> x = value._value.AsInt32();
        return new(((x << 16) | (x & Vector256.Create(0xffff))).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 LookUp(CodeLanes256 table, CodeLanes256 indices) => new(Avx2.Shuffle(table._value, indices._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 And(CodeLanes256 a, CodeLanes256 b) => new(a._value & b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 Or(CodeLanes256 a, CodeLanes256 b) => new(a._value | b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 ShiftRight(CodeLanes256 value, int count) => new((value._value.AsInt32() >>> count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 ShiftLeft(CodeLanes256 value, int count) => new((value._value.AsInt32() << count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 ByteProducts(CodeLanes256 unsigned, CodeLanes256 signed) =>
        new(Avx2.MultiplyAddAdjacent(unsigned._value, signed._value.AsSByte()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 SignedByteProducts(CodeLanes256 weights, CodeLanes256 signed)
    {
        // |w|·(x with the sign of w): 128·127·2 still fits in 16 bits, and −128 is a code that w may have but x has not.
        Vector256<sbyte> w = weights._value.AsSByte();
        return new(Avx2.MultiplyAddAdjacent(Avx2.Abs(w), Avx2.Sign(signed._value.AsSByte(), w)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 AddShorts(CodeLanes256 a, CodeLanes256 b) => new((a._value.AsInt16() + b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 MultiplyShorts(CodeLanes256 a, CodeLanes256 b) => new((a._value.AsInt16() * b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 PairProducts(CodeLanes256 a, CodeLanes256 b) =>
        new(Avx2.MultiplyAddAdjacent(a._value.AsInt16(), b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 AddInts(CodeLanes256 a, CodeLanes256 b) => new((a._value.AsInt32() + b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 MultiplyInts(CodeLanes256 a, CodeLanes256 b) => new((a._value.AsInt32() * b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 ToFloats(CodeLanes256 value) => new(Vector256.ConvertToSingle(value._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 Multiply(CodeLanes256 a, CodeLanes256 b) => new((a._value.AsSingle() * b._value.AsSingle()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 Add(CodeLanes256 a, CodeLanes256 b) => new((a._value.AsSingle() + b._value.AsSingle()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes256 MultiplyAdd(CodeLanes256 a, CodeLanes256 b, CodeLanes256 c) =>
        new(Vector256.FusedMultiplyAdd(a._value.AsSingle(), b._value.AsSingle(), c._value.AsSingle()).AsByte());
}
