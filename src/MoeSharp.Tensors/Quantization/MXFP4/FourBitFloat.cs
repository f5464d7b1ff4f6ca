using MoeSharp.Tensors.Quantization.Fitting;

namespace MoeSharp.Tensors.Quantization.MXFP4;

/// <summary>E2M1: 1 bit of sign, 2 of exponent, 1 of mantissa, doubled so that the values are whole numbers.</summary>
internal static class FourBitFloat
{
    private const int Positive = 7;

    /// <summary>Twice the value of each code; code 8 is −0.</summary>
    public static ReadOnlySpan<sbyte> Doubled => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    /// <summary>The fifteen different values, ascending.</summary>
    public static TableLevels Levels { get; } = new([-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12], reach: 2);

    /// <summary>Places among <see cref="Levels"/> become codes.</summary>
    public static void ToCodes(Span<byte> places)
    {
        foreach (ref byte place in places)
        {
            place = (byte)(place >= Positive ? place - Positive : 8 + Positive - place);
        }
    }
}
