using MoeSharp.Experts.Routing;
using MoeSharp.Inference;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Analysis.Scoring;

/// <summary>Keeps what a model says of the tokens of one step: log-probabilities, and who was routed where.</summary>
/// <remarks>Its memory is that of one step, used again and again.</remarks>
internal sealed class LogitsWatch : IInferenceObserver
{
    private readonly SortedDictionary<int, (int ExpertCount, int TopK, int[] Ids)> _routing = [];
    private float[] _logits = [];
    private float[] _sums = [];

    /// <summary>Rows of the last step.</summary>
    public int RowCount { get; private set; }

    /// <summary>V.</summary>
    public int VocabularySize { get; private set; }

    /// <summary>The choices of the last step by layer.</summary>
    public IReadOnlyDictionary<int, (int ExpertCount, int TopK, int[] Ids)> Routing => _routing;

    /// <summary>Negative log-probability of a token after a row of the last step.</summary>
    public double Nats(int row, int token) => (double)_sums[row] - _logits[(row * (long)VocabularySize) + token];

    /// <summary>Logits after a row.</summary>
    public ReadOnlySpan<float> Logits(int row) => _logits.AsSpan(row * VocabularySize, VocabularySize);

    /// <summary>Logarithm of the sum of the exponentials of a row's logits.</summary>
    public float LogSum(int row) => _sums[row];

    /// <inheritdoc/>
    public void Observe(int index, Tensor hidden)
    {
        // logits and routing only
    }

    /// <inheritdoc/>
    public void Observe(int layer, in RoutingDecision decision)
    {
        _routing[layer] = (decision.ExpertCount, decision.TopK, decision.ServedIds.Span.ToArray());
    }

    /// <inheritdoc/>
    public void ObserveLogits(Tensor logits)
    {
        RowCount = logits.Rows;
        VocabularySize = logits.Columns;
        Tensor sums = LogSumExpOp.Apply(logits);
        Grow(ref _sums, RowCount);
        Grow(ref _logits, RowCount * (long)VocabularySize);
        sums.Span.CopyTo(_sums);
        logits.Span.CopyTo(_logits);
    }

    private static void Grow(ref float[] memory, long length)
    {
        if (memory.Length < length)
        {
            memory = new float[length];
        }
    }
}
