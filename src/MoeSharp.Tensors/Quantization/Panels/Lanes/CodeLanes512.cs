using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Quantization.Panels.Lanes;

/// <summary>16 weight rows side by side (AVX-512BW).</summary>
internal readonly unsafe struct CodeLanes512 : ICodeLanes<CodeLanes512>
{
    private readonly Vector512<byte> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private CodeLanes512(Vector512<byte> value) => _value = value;

    /// <summary>True where the machine has the instructions.</summary>
    public static bool IsSupported => Avx512BW.IsSupported;

    public static int Rows => 16;

    public static CodeLanes512 Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 Load(void* source) => new(Vector512.Load((byte*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(CodeLanes512 value, void* target) => value._value.Store((byte*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 Broadcast(void* four) => new(Vector512.Create(*(int*)four).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 OfBytes(byte value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 OfShorts(short value) => new(Vector512.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 OfInts(int value) => new(Vector512.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 OfFloats(float value) => new(Vector512.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 OfTable(ReadOnlySpan<sbyte> table)
    {
        Vector128<byte> one = Vector128.Create(table).AsByte();
        var two = Vector256.Create(one, one);
        return new(Vector512.Create(two, two));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 WidenBytes(byte* source) => new(Avx512F.ConvertToVector512Int32(Vector128.Load(source)).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 WidenSigned(sbyte* source) => new(Avx512F.ConvertToVector512Int32(Vector128.Load(source)).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 WidenPairs(byte* source) => new(Avx512BW.ConvertToVector512Int16(Vector256.Load(source)).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 WidenHalves(Half* source)
    {
        // Exponent and fraction 13 places up are the number times 2^-112; all ones in the exponent stay all ones.
        Vector512<int> bits = Avx512F.ConvertToVector512Int32(Vector256.Load((ushort*)source)).AsInt32();
        Vector512<int> magnitude = (bits & Vector512.Create(0x7fff)) << 13;
        Vector512<int> finite = (Vector512.Create(5.192296858534828e33f) * magnitude.AsSingle()).AsInt32();
        Vector512<int> other = magnitude | Vector512.Create(0x7f800000);
        Vector512<int> value = Vector512.ConditionalSelect(Vector512.LessThan(magnitude, Vector512.Create(0x0f800000)), finite, other);
        return new((value | ((bits & Vector512.Create(0x8000)) << 16)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 HalfPowers(byte* exponents)
    {
        // Exponents 0 and 1 give denormal numbers.
        Vector512<int> e = WidenBytes(exponents)._value.AsInt32();
        Vector512<int> small = Vector512.ConditionalSelect(Vector512.Equals(e, Vector512<int>.Zero), Vector512.Create(0x0020_0000), Vector512.Create(0x0040_0000));
        return new(Vector512.ConditionalSelect(Vector512.LessThan(e, Vector512.Create(2)), small, (e - Vector512<int>.One) << 23).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 Duplicate(CodeLanes512 value)
    {
        Vector512<int> x = value._value.AsInt32();
        return new(((x << 16) | (x & Vector512.Create(0xffff))).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 LookUp(CodeLanes512 table, CodeLanes512 indices) => new(Avx512BW.Shuffle(table._value, indices._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 And(CodeLanes512 a, CodeLanes512 b) => new(a._value & b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 Or(CodeLanes512 a, CodeLanes512 b) => new(a._value | b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 ShiftRight(CodeLanes512 value, int count) => new((value._value.AsInt32() >>> count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 ShiftLeft(CodeLanes512 value, int count) => new((value._value.AsInt32() << count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 ByteProducts(CodeLanes512 unsigned, CodeLanes512 signed) =>
        new(Avx512BW.MultiplyAddAdjacent(unsigned._value, signed._value.AsSByte()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 SignedByteProducts(CodeLanes512 weights, CodeLanes512 signed)
    {
        // |w|·(x with the sign of w): 128·127·2 still fits in 16 bits, and −128 is a code that w may have but x has not.
        Vector512<sbyte> w = weights._value.AsSByte(), x = signed._value.AsSByte();
        Vector512<sbyte> turned = Vector512.ConditionalSelect(Vector512.LessThan(w, Vector512<sbyte>.Zero), -x, x);
        return new(Avx512BW.MultiplyAddAdjacent(Avx512BW.Abs(w), turned).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 AddShorts(CodeLanes512 a, CodeLanes512 b) => new((a._value.AsInt16() + b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 MultiplyShorts(CodeLanes512 a, CodeLanes512 b) => new((a._value.AsInt16() * b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 PairProducts(CodeLanes512 a, CodeLanes512 b) =>
        new(Avx512BW.MultiplyAddAdjacent(a._value.AsInt16(), b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 AddInts(CodeLanes512 a, CodeLanes512 b) => new((a._value.AsInt32() + b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 MultiplyInts(CodeLanes512 a, CodeLanes512 b) => new((a._value.AsInt32() * b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 ToFloats(CodeLanes512 value) => new(Vector512.ConvertToSingle(value._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 Multiply(CodeLanes512 a, CodeLanes512 b) => new((a._value.AsSingle() * b._value.AsSingle()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 Add(CodeLanes512 a, CodeLanes512 b) => new((a._value.AsSingle() + b._value.AsSingle()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeLanes512 MultiplyAdd(CodeLanes512 a, CodeLanes512 b, CodeLanes512 c) =>
        new(Vector512.FusedMultiplyAdd(a._value.AsSingle(), b._value.AsSingle(), c._value.AsSingle()).AsByte());
}
