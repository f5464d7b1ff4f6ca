namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>Scales as 16-bit floats, which are coarse below 6·10⁻⁵ and end at 65504.</summary>
internal static class HalfScale
{
    private const float Smallest = 5.9604645e-8f;
    private const float SmallestNormal = 6.1035156e-5f;

    /// <summary>The nearest finite one.</summary>
    public static Half Nearest(float value) => (Half)Math.Clamp(value, -65504f, 65504f);

    /// <summary>The nearest one that is not 0 unless the value is.</summary>
    public static Half NearestNonZero(float value)
    {
        Half nearest = Nearest(value);
        return nearest == Half.Zero && value != 0 ? (Half)MathF.CopySign(Smallest, value) : nearest;
    }

    /// <summary>True where neighbours are so far apart that the nearest one need not be the best.</summary>
    public static bool IsCoarse(Half value) => MathF.Abs((float)value) < SmallestNormal;

    /// <summary>The next one away from 0, where there is one.</summary>
    public static Half Outward(Half value) => Half.Abs(value) == Half.MaxValue
        ? value
        : BitConverter.UInt16BitsToHalf((ushort)(BitConverter.HalfToUInt16Bits(value) + 1));
}
