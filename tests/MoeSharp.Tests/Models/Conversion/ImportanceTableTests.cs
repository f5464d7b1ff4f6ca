using System.Globalization;
using System.Text;
using MoeSharp.Models.Conversion;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Tests.Models.Conversion;

/// <summary>Makes the table of docs/conversion.md: what knowing the columns is worth, format by format.</summary>
public class ImportanceTableTests
{
    [Fact]
    [Trait("Size", "Large")]
    public void Importance_lowers_the_divergence_in_every_format_that_is_searched()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("MOESHARP_LARGE") == "1", "Quantises a model thirty times. Set MOESHARP_LARGE=1 to run it.");
        var table = new StringBuilder("| format | bits | model | plain | weighted | ratio |\n|---|---|---|---|---|---|\n");
        MoeSharp.Models.Decoding.Decoder wide = WidenedTiny.Create();
        var failures = new List<string>();
        foreach (BlockFormat format in BlockFormats.All.Where(format => format is { CanQuantize: true, IsFloat: false }))
        {
            bool isWide = format.BlockLength > 128;
            (double plain, double weighted) = ImportanceTests.Measure(isWide ? wide : Model.Tiny.Decoder, format.Name);
            table.Append(CultureInfo.InvariantCulture,
                $"| {format.Name} | {format.BitsPerElement:F2} | {(isWide ? "widened" : "built-in")} | {plain:E2} | {weighted:E2} | {weighted / plain:F2} |\n");
            if (weighted >= plain)
            {
                failures.Add(format.Name);
            }
        }

        if (Environment.GetEnvironmentVariable("MOESHARP_WRITE_TABLE") is { Length: > 0 } path)
        {
            File.WriteAllText(path, table.ToString());
        }

        // In Q5_0 chance decides on a text of this length; the scales of MXFP4 are powers of two, with next to nothing to choose.
        failures.Except(["Q5_0", "MXFP4"]).ShouldBeEmpty(table.ToString());
    }
}
