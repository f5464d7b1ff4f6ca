using System.Globalization;
using System.Text;

namespace MoeSharp.Analysis;

/// <summary>How much work each expert did.</summary>
/// <remarks>Printed as a bar for each expert of each layer.</remarks>
public sealed class ExpertUsage
{
    private const int BarLength = 40;

    private ExpertUsage(IReadOnlyList<LayerUsage> layers) => Layers = layers;

    /// <summary>One for each layer with experts.</summary>
    public IReadOnlyList<LayerUsage> Layers { get; }

    /// <summary>Counts a trace.</summary>
    public static ExpertUsage From(RoutingTrace trace) => From(trace.Layers);

    /// <summary>Counts the routing of layers.</summary>
    public static ExpertUsage From(IReadOnlyList<LayerRouting> layers)
    {
        var usage = new List<LayerUsage>();
        foreach (LayerRouting layer in layers)
        {
            long[] counts = new long[layer.ExpertCount];
            double[] weights = new double[layer.ExpertCount];
            for (int i = 0; i < layer.Ids.Count; i++)
            {
                if (layer.Ids[i] is >= 0 and var id)
                {
                    counts[id]++;
                    weights[id] += layer.Weights[i];
                }
            }

            usage.Add(new LayerUsage(layer.Layer, layer.TokenCount, counts, weights));
        }

        return new ExpertUsage(usage);
    }

    /// <summary>Layers with a bar for each expert: its share of the choices.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (LayerUsage layer in Layers)
        {
            text.Append(CultureInfo.InvariantCulture, $"layer {layer.Layer}, {layer.TokenCount} tokens\n");
            double highest = layer.Counts.Count == 0 ? 0 : layer.Counts.Max();
            for (int expert = 0; expert < layer.Counts.Count; expert++)
            {
                int length = highest == 0 ? 0 : (int)Math.Round(BarLength * layer.Counts[expert] / highest);
                text.Append(CultureInfo.InvariantCulture,
                    $"  {expert,3} {new string('█', length).PadRight(BarLength)} {layer.Share(expert),6:P1}\n");
            }
        }

        return text.ToString();
    }
}
