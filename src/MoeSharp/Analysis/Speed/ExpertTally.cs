using MoeSharp.Experts.Observation;
using MoeSharp.Experts.Routing;

namespace MoeSharp.Analysis.Speed;

/// <summary>Counts, layer by layer, how many different experts the steps it sees touch.</summary>
/// <remarks>Not safe for concurrent use.</remarks>
internal sealed class ExpertTally : IRoutingObserver
{
    private readonly Dictionary<int, long> _touched = [];
    private readonly Dictionary<int, (long Served, long Tokens)> _served = [];
    private bool[] _seen = [];

    /// <summary>Different experts of a step, summed over all steps seen.</summary>
    public long TouchedIn(int layer) => _touched.GetValueOrDefault(layer);

    /// <summary>Experts that a token visits, on average over all steps seen.</summary>
    public double PerToken(int layer) => _served.TryGetValue(layer, out (long Served, long Tokens) sums) ? sums.Served / (double)sums.Tokens : 0;

    /// <inheritdoc/>
    public void Observe(int layer, in RoutingDecision decision)
    {
        if (_seen.Length < decision.ExpertCount)
        {
            _seen = new bool[decision.ExpertCount];
        }

        _seen.AsSpan().Clear();
        int count = 0;
        long served = 0;
        foreach (int expert in decision.ServedIds.Span)
        {
            served += expert >= 0 ? 1 : 0;
            if (expert >= 0 && !_seen[expert])
            {
                _seen[expert] = true;
                count++;
            }
        }

        _touched[layer] = TouchedIn(layer) + count;
        (long Served, long Tokens) sums = _served.GetValueOrDefault(layer);
        _served[layer] = (sums.Served + served, sums.Tokens + decision.TokenCount);
    }
}
