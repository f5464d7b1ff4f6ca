using System.Globalization;

namespace MoeSharp.Studies;

/// <summary>Prints what runs predicted before they measured beside what they measured: the table of docs/numbers.md.</summary>
internal static class PredictionTable
{
    private const double Promised = 1.2;

    public static void Run(string[] paths, TextWriter output)
    {
        IReadOnlyList<SpeedSample> samples = SpeedSample.Read(paths);
        output.WriteLine("| shape | layers | type | decode predicted | measured | ratio | prompt predicted | measured | ratio |");
        output.WriteLine("|---|---|---|---|---|---|---|---|---|");
        int all = 0, near = 0;
        foreach (var row in samples.GroupBy(sample => (sample.Shape, sample.Layers, sample.Type)))
        {
            output.Write($"| `{row.Key.Shape}` | {row.Key.Layers} | {row.Key.Type} |");
            foreach (string name in (string[])["decode", "prefill"])
            {
                SpeedSample? sample = row.FirstOrDefault(sample => sample.Name == name);
                if (sample?.Predicted is not { } predicted)
                {
                    output.Write(" | | |");
                    continue;
                }

                double ratio = predicted / sample.Measured;
                bool isNear = ratio is <= Promised and >= 1 / Promised;
                all++;
                near += isNear ? 1 : 0;
                output.Write(Text($" {predicted:G4} | {sample.Measured:G4} | {(isNear ? "" : "**")}{ratio:F2}{(isNear ? "" : "**")} |"));
            }

            output.WriteLine();
        }

        output.WriteLine();
        output.WriteLine(Text($"{near} of {all} figures are within a factor of {Promised}."));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
