using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Kernels.Lanes;

/// <summary>One float: the scalar definition of every lane operation, and the tail of every lane loop.</summary>
internal readonly struct Lanes1 : ILanes<Lanes1>
{
    private readonly float _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Lanes1(float value) => _value = value;

    public static int Count => 1;

    public static Lanes1 Zero => default;

    public float Value => _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Broadcast(float value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Lanes1 Load(float* source) => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Store(Lanes1 value, float* destination) => *destination = value._value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 MultiplyAdd(Lanes1 a, Lanes1 b, Lanes1 c) =>
        new(MathF.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Min(Lanes1 a, Lanes1 b) => new(MathF.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Max(Lanes1 a, Lanes1 b) => new(MathF.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Sqrt(Lanes1 value) => new(MathF.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Abs(Lanes1 value) => new(MathF.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Round(Lanes1 value) => new(MathF.Round(value._value, MidpointRounding.ToEven));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Pow2(Lanes1 wholeNumber) =>
        new(BitConverter.Int32BitsToSingle(((int)wholeNumber._value + 127) << 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 IfGreater(Lanes1 a, Lanes1 b, Lanes1 yes, Lanes1 no) => a._value > b._value ? yes : no;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes1 value) => value._value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Lanes1 value) => value._value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 operator +(Lanes1 left, Lanes1 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 operator -(Lanes1 left, Lanes1 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 operator *(Lanes1 left, Lanes1 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 operator /(Lanes1 left, Lanes1 right) => new(left._value / right._value);
}
