using System.Numerics;

namespace MoeSharp.Tensors.Quantization.Codebooks;

/// <summary>Signs of eight numbers in 7 bits: the count of negative ones is even, so the eighth follows.</summary>
internal static class EvenSigns
{
    private const int Stored = 0x7F;

    /// <summary>Eight bits of the lowest seven.</summary>
    public static int Of(uint bits)
    {
        int signs = (int)(bits & Stored);
        return signs | ((BitOperations.PopCount((uint)signs) & 1) << 7);
    }
}
