using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Tensors.Tests.Quantization.Panels;

/// <summary>Weights of any bits with scales that are numbers, so that sums can be compared.</summary>
internal static class PanelBlocks
{
    /// <summary>Formats that multiply in panels.</summary>
    public static IEnumerable<string> Names => BlockFormats.All.Where(format => format.Panels is not null).Select(format => format.Name);

    /// <summary>All code bits and multiples random, or all equal to <paramref name="fill"/>.</summary>
    public static PackedWeight Random(BlockFormat format, TensorShape shape, ulong seed, byte? fill = null)
    {
        var weight = new PackedWeight(format, shape);
        Span<byte> bytes = weight.Bytes(0, (int)weight.ByteLength);
        var rng = new Rng(seed);
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = fill ?? (byte)rng.NextInt(256);
        }

        for (int block = 0; block < bytes.Length; block += format.BlockBytes)
        {
            foreach (int place in Scales(format.Name))
            {
                BitConverter.TryWriteBytes(bytes[(block + place)..], (Half)((rng.NextInt(2000) - 1000) / 500f));
            }

            if (format.Name == "MXFP4")
            {
                bytes[block] = (byte)(120 + rng.NextInt(10));
            }
        }

        return weight;
    }

    private static int[] Scales(string name) => name switch
    {
        "Q4_K" or "Q5_K" or "Q4_1" or "Q5_1" => [0, 2],
        "Q2_K" => [80, 82],
        "Q3_K" => [108],
        "Q6_K" => [208],
        "MXFP4" => [],
        _ => [0],
    };
}
