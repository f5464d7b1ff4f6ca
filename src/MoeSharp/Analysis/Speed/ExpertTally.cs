using MoeSharp.Experts.Observation;
using MoeSharp.Experts.Routing;

namespace MoeSharp.Analysis.Speed;

/// <summary>Counts, layer by layer, how many different experts the steps it sees touch.</summary>
/// <remarks>Not safe for concurrent use.</remarks>
internal sealed class ExpertTally : IRoutingObserver
{
    private readonly Dictionary<int, long> _touched = [];
    private bool[] _seen = [];

    /// <summary>Different experts of a step, summed over all steps seen.</summary>
    public long TouchedIn(int layer) => _touched.GetValueOrDefault(layer);

    /// <inheritdoc/>
    public void Observe(int layer, in RoutingDecision decision)
    {
        if (_seen.Length < decision.ExpertCount)
        {
            _seen = new bool[decision.ExpertCount];
        }

        _seen.AsSpan().Clear();
        int count = 0;
        foreach (int expert in decision.ServedIds.Span)
        {
            if (expert >= 0 && !_seen[expert])
            {
                _seen[expert] = true;
                count++;
            }
        }

        _touched[layer] = TouchedIn(layer) + count;
    }
}
