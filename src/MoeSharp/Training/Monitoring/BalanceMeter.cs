using MoeSharp.Experts.Observation;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Training.Monitoring;

/// <summary>Counts routing decisions over the micro-batches of a step and tells the balance of each layer.</summary>
/// <remarks>Allocates nothing once made. Not safe for concurrent use.</remarks>
public sealed class BalanceMeter : IRoutingObserver
{
    private readonly LayerCounts[] _layers;
    private readonly Dictionary<int, int> _places = [];
    private readonly LayerBalance[] _report;

    /// <summary>Prepares the counters.</summary>
    /// <param name="layers">The layers that route.</param>
    public BalanceMeter(IReadOnlyList<ExpertLayer> layers)
    {
        _layers = new LayerCounts[layers.Count];
        _report = new LayerBalance[layers.Count];
        for (int i = 0; i < layers.Count; i++)
        {
            _layers[i] = new LayerCounts(layers[i]);
            _places.Add(layers[i].Layer, i);
        }
    }

    /// <summary>Forgets all counts: the beginning of a step.</summary>
    public void Clear()
    {
        foreach (LayerCounts layer in _layers)
        {
            layer.Clear();
        }
    }

    /// <inheritdoc/>
    public void Observe(int layer, in RoutingDecision decision)
    {
        if (_places.TryGetValue(layer, out int place))
        {
            _layers[place].Add(decision);
        }
    }

    /// <summary>The balance since <see cref="Clear"/>; the list is reused by the next call.</summary>
    public IReadOnlyList<LayerBalance> Report()
    {
        for (int i = 0; i < _layers.Length; i++)
        {
            _report[i] = _layers[i].Report();
        }

        return _report;
    }

    /// <summary>Choices of every expert of the layer at <paramref name="index"/> since <see cref="Clear"/>.</summary>
    /// <param name="index">Place in the list of layers, not the layer's number.</param>
    public ReadOnlySpan<long> Load(int index) => _layers[index].Load;

    private sealed class LayerCounts(ExpertLayer layer)
    {
        private readonly long[] _load = new long[layer.ExpertCount];
        private long _dropped;
        private double _topSum;
        private long _topCount;

        public ReadOnlySpan<long> Load => _load;

        public void Clear()
        {
            Array.Clear(_load);
            _dropped = 0;
            _topSum = 0;
            _topCount = 0;
        }

        public void Add(in RoutingDecision decision)
        {
            foreach (int id in decision.Ids.Span)
            {
                if (id >= 0)
                {
                    _load[id]++;
                }
            }

            _dropped += decision.CountDropped();
            if (decision.Scores is { } scores)
            {
                AddTop(scores);
            }
        }

        public LayerBalance Report() => LayerBalance.From(layer.Layer, _load, _dropped, _topSum, _topCount);

        private void AddTop(Tensor scores)
        {
            for (int row = 0; row < scores.Rows; row++)
            {
                ReadOnlySpan<float> values = scores.Row(row);
                float sum = TensorPrimitives.Sum(values);
                if (sum > 0)
                {
                    _topSum += TensorPrimitives.Max(values) / sum;
                    _topCount++;
                }
            }
        }
    }
}
