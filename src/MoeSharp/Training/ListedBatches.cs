namespace MoeSharp.Training;

/// <summary>Batches that stand in memory, once or round and round.</summary>
/// <param name="Batches">The batches.</param>
/// <param name="Repeats">True to begin again after the last.</param>
public sealed record ListedBatches(IReadOnlyList<TrainingBatch> Batches, bool Repeats = false) : IBatchSource
{
    /// <inheritdoc/>
    public long Count => Repeats ? long.MaxValue : Batches.Count;

    /// <inheritdoc/>
    public TrainingBatch Get(long index) => Batches[(int)(index % Batches.Count)];
}
