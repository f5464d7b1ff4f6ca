using MoeSharp.Experts.Routing;
using MoeSharp.Inference;
using MoeSharp.Tensors;

namespace MoeSharp.Analysis;

/// <summary>Writes down the routing of a session, step after step.</summary>
/// <remarks>Belongs to one session; not safe for concurrent use.</remarks>
public sealed class RoutingRecorder : IInferenceObserver
{
    private readonly SortedDictionary<int, Layer> _layers = [];

    /// <summary>What was written down so far.</summary>
    public IReadOnlyList<LayerRouting> Layers =>
        [.. _layers.Select(pair => new LayerRouting(pair.Key, pair.Value.ExpertCount, pair.Value.TopK, [.. pair.Value.Ids], [.. pair.Value.Weights]))];

    /// <inheritdoc/>
    public void Observe(int layer, in RoutingDecision decision)
    {
        if (!_layers.TryGetValue(layer, out Layer? record))
        {
            _layers.Add(layer, record = new Layer(decision.ExpertCount, decision.TopK));
        }

        record.Ids.AddRange(decision.ServedIds.Span);
        record.Weights.AddRange(decision.Weights.Span);
    }

    /// <inheritdoc/>
    public void Observe(int index, Tensor hidden)
    {
        // routing only
    }

    /// <inheritdoc/>
    public void ObserveLogits(Tensor logits)
    {
        // routing only
    }

    /// <inheritdoc/>
    public void ObserveTakingBack(int count)
    {
        foreach (Layer layer in _layers.Values)
        {
            int kept = layer.Ids.Count - (count * layer.TopK);
            layer.Ids.RemoveRange(kept, layer.Ids.Count - kept);
            layer.Weights.RemoveRange(kept, layer.Weights.Count - kept);
        }
    }

    private sealed class Layer(int expertCount, int topK)
    {
        public int ExpertCount { get; } = expertCount;

        public int TopK { get; } = topK;

        public List<int> Ids { get; } = [];

        public List<float> Weights { get; } = [];
    }
}
