using MoeSharp.Tensors;

namespace MoeSharp.Training;

/// <summary>The mean loss over batches, without learning from them.</summary>
/// <remarks>Sums in double over counted targets, batch by batch: the same bits at any thread count. Not safe for concurrent use.</remarks>
public sealed class Evaluator : IDisposable
{
    private readonly ITrainableModel _model;
    private readonly TensorScope _scope;

    /// <summary>Prepares a measurement.</summary>
    /// <param name="model">What is measured.</param>
    /// <param name="pool">Memory to share with a trainer; null for memory of its own.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    public Evaluator(ITrainableModel model, TensorPool? pool = null, Workers? workers = null)
    {
        _model = model;
        _scope = new TensorScope(pool, workers);
    }

    /// <summary>Mean cross-entropy over all counted targets, in nats, and their count.</summary>
    /// <param name="batches">A source that ends.</param>
    /// <exception cref="ArgumentException">The source never ends, or has nothing to count.</exception>
    public (double Loss, long TokenCount) Measure(IBatchSource batches)
    {
        if (batches.Count == long.MaxValue)
        {
            throw new ArgumentException("evaluation: the batches go round and round. Give a source that ends.", nameof(batches));
        }

        double nats = 0;
        long counted = 0;
        for (long index = 0; index < batches.Count; index++)
        {
            TrainingBatch batch = batches.Get(index);
            if (batch.CountedTargets > 0)
            {
                var noise = new Rng(0, stream: (ulong)index); // for routers that draw in evaluation too: a batch always gets the same
                ForwardLosses losses = _model.Forward(_scope, batch, new TrainingPass(IsTraining: false, noise, null));
                nats += (double)losses.CrossEntropy.ToScalar() * batch.CountedTargets;
                counted += batch.CountedTargets;
            }

            _scope.Reset();
        }

        return counted > 0
            ? (nats / counted, counted)
            : throw new ArgumentException("evaluation: no target counts. Held-out text needs at least two tokens.", nameof(batches));
    }

    /// <inheritdoc/>
    public void Dispose() => _scope.Dispose();
}
