using MoeSharp.Data;

namespace MoeSharp.Training.Recipes;

/// <summary>Batches of a token corpus as the trainer takes them.</summary>
internal sealed class TokenBatchSource(Func<long, TokenBatch> get, long count) : IBatchSource
{
    public long Count => count;

    public TrainingBatch Get(long index)
    {
        TokenBatch batch = get(index);
        return new TrainingBatch(batch.Inputs, batch.Targets, batch.Layout);
    }

    public static TokenBatchSource From(PackedBatches batches) => new(batches.Get, long.MaxValue);

    public static TokenBatchSource From(SequentialBatches batches) => new(batches.Get, batches.Count);
}
