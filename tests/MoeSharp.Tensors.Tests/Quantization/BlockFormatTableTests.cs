using System.Globalization;
using MoeSharp.Tensors.Quantization;
using MoeSharp.Tensors.Tests.Golden.Gguf;

namespace MoeSharp.Tensors.Tests.Quantization;

/// <summary>The table of block formats in docs/formats.md holds what the code says and what is measured here.</summary>
public sealed class BlockFormatTableTests
{
    [Fact]
    public void The_table_in_the_documentation_is_true()
    {
        string page = File.ReadAllText(Path.Combine(Root(), "docs", "formats.md"));
        foreach (BlockFormat format in BlockFormats.All.Where(format => !format.IsFloat))
        {
            string row = Row(format);
            page.ShouldContain(row, Case.Sensitive, $"docs/formats.md must have the row{Environment.NewLine}{row}");
        }
    }

    private static string Row(BlockFormat format)
    {
        string scales = format.HasOffsets ? "scale, offset" : "scale";
        string row = string.Create(
            CultureInfo.InvariantCulture,
            $"| {format.Name} | {format.GgmlType} | {format.BitsPerElement:0.####} | {format.BlockLength} in {format.BlockBytes} bytes | {scales} per {Shared(format)} | ");
        if (!format.CanQuantize)
        {
            return row + "read only | |";
        }

        double error = Error(format);
        return row + string.Create(CultureInfo.InvariantCulture, $"{error:0.0000} | {error / BlocksFile.ErrorOfGgml(format.Name):0.000} |");
    }

    /// <summary>Elements that really share a scale: codes are unpacked in groups of at most 32.</summary>
    private static int Shared(BlockFormat format) =>
        format.Name is "TQ1_0" or "TQ2_0" or "Q1_0" or "Q2_0" or "Q8_K" ? format.BlockLength : format.CodeGroup;

    private static double Error(BlockFormat format)
    {
        float[] source = BlocksFile.Source;
        byte[] blocks = new byte[format.BytesOf(source.Length)];
        float[] stored = new float[source.Length];
        format.Quantize(source, blocks);
        format.Dequantize(blocks, stored);
        return Math.Sqrt(source.Zip(stored, (a, b) => ((double)a - b) * ((double)a - b)).Sum() / source.Length);
    }

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "MoeSharp.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException($"no MoeSharp.slnx above {AppContext.BaseDirectory}");
        }

        return folder;
    }
}
