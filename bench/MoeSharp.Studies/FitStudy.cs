using System.Globalization;
using MoeSharp.Analysis.Planning;

namespace MoeSharp.Studies;

/// <summary>Computes the constants of <see cref="FormatCost"/> and <see cref="SpeedConstants"/> from measured speeds.</summary>
/// <remarks>
/// For every share η of the memory's bandwidth, each format takes the u and κ, out of a grid, that least miss its prompts and its decoding, in
/// squares of ln (predicted / measured); the η whose formats miss least together wins. Where decode is bound by memory, any smaller u predicts the
/// same; the least is taken that is no worse.
/// </remarks>
internal static class FitStudy
{
    private const double LeastShare = 0.05;
    private const double MostShare = 8;
    private const int ShareSteps = 80;
    private const int MostUnpack = 80;

    public static void Run(string[] paths, TextWriter output)
    {
        IReadOnlyList<SpeedSample> samples = SpeedSample.Read(paths);
        IGrouping<string, SpeedSample>[] formats = [.. samples.GroupBy(sample => sample.Type)];
        double best = double.PositiveInfinity, memory = 0;
        var costs = new Dictionary<string, FormatCost>();
        for (int percent = 60; percent <= 100; percent += 2)
        {
            double total = 0;
            var found = new Dictionary<string, FormatCost>();
            foreach (IGrouping<string, SpeedSample> format in formats)
            {
                (found[format.Key], double loss) = Fit([.. format], percent / 100.0);
                total += loss;
            }

            if (total < best)
            {
                (best, memory, costs) = (total, percent / 100.0, found);
            }
        }

        output.WriteLine($"{samples.Count} speeds of {string.Join(", ", samples.Select(sample => $"{sample.Shape} ({sample.Layers} layers, {sample.Threads} threads)").Distinct())}");
        output.WriteLine(Text($"root mean square of ln (predicted / measured): {Math.Sqrt(best / samples.Count):F3}"));
        output.WriteLine();
        output.WriteLine("SpeedConstants.cs:");
        output.WriteLine(Text($"    private const double FittedMemoryShare = {memory:F2};"));
        output.WriteLine("FormatCost.cs:");
        foreach ((string format, FormatCost cost) in costs)
        {
            output.WriteLine(Text($"        [\"{format}\"] = new({cost.Unpack:G3}, {cost.Share:G3}),"));
        }

        output.WriteLine();
        output.WriteLine("| shape | type | what | measured, tokens/s | predicted / measured |");
        output.WriteLine("|---|---|---|---|---|");
        foreach (SpeedSample sample in samples)
        {
            double ratio = Math.Exp(sample.Miss(Constants(memory, costs[sample.Type])));
            output.WriteLine(Text($"| {sample.Shape} | {sample.Type} | {sample.Name} | {sample.Measured:G4} | {ratio:F2} |"));
        }
    }

    private static (FormatCost Cost, double Loss) Fit(SpeedSample[] samples, double memoryShare)
    {
        FormatCost best = new(0, 1);
        double least = double.PositiveInfinity;
        for (int unpack = 0; unpack <= MostUnpack; unpack++)
        {
            for (int step = 0; step <= ShareSteps; step++)
            {
                var cost = new FormatCost(unpack, LeastShare * Math.Pow(MostShare / LeastShare, step / (double)ShareSteps));
                SpeedConstants constants = Constants(memoryShare, cost);
                double loss = 0;
                foreach (SpeedSample sample in samples)
                {
                    double miss = sample.Miss(constants);
                    loss += miss * miss;
                    if (loss >= least)
                    {
                        break;
                    }
                }

                if (loss < least - 1e-9)
                {
                    (best, least) = (cost, loss);
                }
            }
        }

        return (best, least);
    }

    private static SpeedConstants Constants(double memoryShare, FormatCost cost) => new(memoryShare, _ => cost);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
