namespace MoeSharp.Training;

/// <summary>Batches as a function of their number: a resumed run asks for the next number and needs nothing else.</summary>
public interface IBatchSource
{
    /// <summary>Batches until the source ends; <see cref="long.MaxValue"/> when it goes round and round.</summary>
    long Count { get; }

    /// <summary>Batch <paramref name="index"/>; the same content at every call. It may be reused by the next call.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    TrainingBatch Get(long index);
}
