using MoeSharp.Tensors.Quantization;
using MoeSharp.Tensors.Tests.Golden.Gguf;

namespace MoeSharp.Tensors.Tests.Quantization;

/// <summary>Every block format against blocks, values and errors of ggml.</summary>
public sealed class BlockFormatGoldenTests
{
    public static TheoryData<string> Types => [.. BlocksFile.Types.Where(type => BlockFormats.Find(type) is not null)];

    public static TheoryData<string> WrittenTypes => [.. BlocksFile.Types.Where(type => BlockFormats.Find(type) is { CanQuantize: true })];

    [Theory]
    [MemberData(nameof(Types))]
    public void Sizes_and_numbers_are_those_of_GGUF(string type)
    {
        BlockFormat format = BlockFormats.Find(type)!;
        format.BlockLength.ShouldBe(BlocksFile.Facts(type).GetProperty("block").GetInt32());
        format.BlockBytes.ShouldBe(BlocksFile.Facts(type).GetProperty("block_bytes").GetInt32());
        format.GgmlType.ShouldBe(BlocksFile.Facts(type).GetProperty("ggml_type").GetInt32());
        BlockFormats.FindGgml(format.GgmlType).ShouldBeSameAs(format);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Values_are_those_of_ggml_bit_for_bit(string type)
    {
        foreach (string kind in (string[])["", ".random"])
        {
            byte[] blocks = BlocksFile.Bytes($"{type}{kind}.bytes");
            float[] expected = BlocksFile.Floats($"{type}{kind}.values");
            float[] actual = new float[expected.Length];
            BlockFormats.Find(type)!.Dequantize(blocks, actual);
            for (int i = 0; i < expected.Length; i++)
            {
                BitConverter.SingleToInt32Bits(actual[i]).ShouldBe(
                    BitConverter.SingleToInt32Bits(expected[i]), $"{type}{kind}, element {i}: {actual[i]} for {expected[i]}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(WrittenTypes))]
    public void Quantisation_error_is_at_most_that_of_ggml_in_every_row(string type)
    {
        float[] source = BlocksFile.Source;
        float[] stored = Stored(BlockFormats.Find(type)!, source);
        double total = RootMeanSquare(source, stored);
        for (int row = 0; row < 4; row++)
        {
            double error = RootMeanSquare(BlocksFile.Row(source, row), BlocksFile.Row(stored, row));
            error.ShouldBeLessThanOrEqualTo(BlocksFile.ErrorOfGgml(type, row) * (1 + 1e-6), $"{type}, row {row}");
        }

        total.ShouldBeLessThanOrEqualTo(BlocksFile.ErrorOfGgml(type) * (1 + 1e-6), type);
    }

    private static float[] Stored(BlockFormat format, float[] source)
    {
        byte[] blocks = new byte[format.BytesOf(source.Length)];
        float[] values = new float[source.Length];
        format.Quantize(source, blocks);
        format.Dequantize(blocks, values);
        return values;
    }

    private static double RootMeanSquare(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        }

        return Math.Sqrt(sum / a.Length);
    }
}
