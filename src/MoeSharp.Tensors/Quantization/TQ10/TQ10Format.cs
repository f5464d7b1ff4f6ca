namespace MoeSharp.Tensors.Quantization.TQ10;

/// <summary>Ternary digits, five a byte: <c>scale·digit</c>.</summary>
/// <remarks>
/// <para>A byte is a fraction of 3⁵ in 256ths, rounded up: three times it, over 256, is the first digit, and the rest again the next.</para>
/// <para>Source: ggml, block_tq1_0.</para>
/// </remarks>
internal sealed class TQ10Format() : StructFormat<TQ10Block>("TQ1_0", ggmlType: 34, blockLength: 256, codeGroup: 32)
{
    private const int LongRun = 32;

    protected override void UnpackBlock(in TQ10Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        ReadOnlySpan<byte> fives = block.Fives;
        Digits(fives[..LongRun], 5, codes);
        Digits(fives[LongRun..], 5, codes[(5 * LongRun)..]);
        Digits(block.Fours, 4, codes[(5 * fives.Length)..]);
        scales.Fill((float)block.Scale);
    }

    /// <summary>First the first digit of every byte, then the second, …</summary>
    private static void Digits(ReadOnlySpan<byte> bytes, int count, Span<sbyte> codes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            int rest = bytes[i];
            for (int digit = 0; digit < count; digit++)
            {
                int next = rest * 3;
                codes[(digit * bytes.Length) + i] = (sbyte)((next >> 8) - 1);
                rest = next & 0xFF;
            }
        }
    }
}
