using System.Text;
using MoeSharp.Analysis;

namespace MoeSharp.Cli;

/// <summary>Draws which experts did the work: one row a layer, one bar an expert, as high as its share of the choices.</summary>
internal static class ExpertBars
{
    private const string Heights = " ▁▂▃▄▅▆▇█";

    public static void Write(Terminal terminal, ExpertUsage usage)
    {
        if (usage.Layers.Count == 0)
        {
            terminal.Out.WriteLine("The model is dense: it has no experts to show.");
            return;
        }

        terminal.Out.WriteLine();
        terminal.Out.WriteLine("Which experts did the work (a bar an expert; full height is the busiest of its layer)");
        foreach (LayerUsage layer in usage.Layers)
        {
            terminal.Out.WriteLine(Line(layer));
        }
    }

    internal static string Line(LayerUsage layer)
    {
        double highest = Enumerable.Range(0, layer.Counts.Count).Max(layer.Share);
        var text = new StringBuilder();
        text.Append($"  layer {layer.Layer,2}  ");
        for (int expert = 0; expert < layer.Counts.Count; expert++)
        {
            double share = layer.Share(expert);
            int height = share <= 0 ? 0 : Math.Clamp((int)Math.Ceiling(share / highest * 8), 1, 8);
            text.Append(Heights[height]).Append(Heights[height]).Append(' ');
        }

        int[] busiest = [.. Enumerable.Range(0, layer.Counts.Count).OrderByDescending(layer.Share).Take(3).Where(e => layer.Counts[e] > 0)];
        text.Append("  ").Append(string.Join("  ", busiest.Select(expert => $"#{expert} {100 * layer.Share(expert):F0}%")));
        if (layer.IdleCount > 0)
        {
            text.Append($"  ({layer.IdleCount} idle)");
        }

        return text.ToString();
    }
}
