using MoeSharp.Experts.Observation;
using MoeSharp.Experts.Routing;

namespace MoeSharp.Models.Conversion;

/// <summary>Counts how often each expert of each layer is visited.</summary>
internal sealed class ExpertVisits : IRoutingObserver
{
    private readonly Dictionary<int, long[]> _counts = [];

    /// <summary>Visits by layer and expert.</summary>
    public IReadOnlyDictionary<int, long[]> Counts => _counts;

    /// <inheritdoc/>
    public void Observe(int layer, in RoutingDecision decision)
    {
        if (!_counts.TryGetValue(layer, out long[]? counts))
        {
            _counts.Add(layer, counts = new long[decision.ExpertCount]);
        }

        foreach (int expert in decision.ServedIds.Span)
        {
            if (expert >= 0)
            {
                counts[expert]++;
            }
        }
    }
}
