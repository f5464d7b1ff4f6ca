namespace MoeSharp.Experts.Balancing;

/// <summary>Counts of the micro-batches of one step, averaged: balance over the global batch (Megatron-Core).</summary>
/// <remarks>Scores are those of the current micro-batch. Reset it after the optimiser step. Belongs to one model.</remarks>
public sealed class CountWindow
{
    private readonly List<float[]> _sums = [];
    private int _steps;

    /// <summary>Forgets all counts.</summary>
    public void Reset()
    {
        _sums.Clear();
        _steps = 0;
    }

    /// <summary>Mean counts of one layer over the micro-batches so far.</summary>
    /// <param name="layer">Its place among the layers.</param>
    public float[] Mean(int layer) => [.. _sums[layer].Select(sum => sum / _steps)];

    /// <summary>Sums of one layer.</summary>
    /// <param name="layer">Its place among the layers.</param>
    public IReadOnlyList<float> Sum(int layer) => _sums[layer];

    /// <summary>Adds the counts of a micro-batch.</summary>
    internal void Add(IReadOnlyList<BalanceTerm> layers)
    {
        _steps++;
        for (int i = 0; i < layers.Count; i++)
        {
            if (i == _sums.Count)
            {
                _sums.Add(new float[layers[i].Counts.Length]);
            }

            for (int e = 0; e < _sums[i].Length; e++)
            {
                _sums[i][e] += layers[i].Counts[e];
            }
        }
    }
}
