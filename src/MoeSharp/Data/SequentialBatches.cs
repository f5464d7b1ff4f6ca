namespace MoeSharp.Data;

/// <summary>Batches for measuring: the stream of documents in rows from begin to end, so that every token but the first of a document is a target once.</summary>
/// <remarks>
/// <para>A row sees nothing of the row before it. The last row may be shorter than the others, the last batch may have fewer rows.</para>
/// <para>Bits per byte: the nats of all counted targets, divided by ln 2 and by <see cref="TargetBytes"/>. The nats of end tokens count, their bytes are none.</para>
/// <para>Immutable; safe for concurrent use.</para>
/// </remarks>
public sealed class SequentialBatches
{
    private readonly TokenWindows _windows;
    private readonly (int Start, int Length)[] _rows;
    private readonly int _batchSize;

    /// <summary>Batches over a corpus.</summary>
    /// <param name="corpus">The held-out documents.</param>
    /// <param name="batchSize">Rows of a batch, B.</param>
    /// <param name="sequenceLength">Tokens of a row, S.</param>
    /// <param name="mostRows">At most so many rows, spread evenly over the corpus, for a quick look; <see langword="null"/> for all.</param>
    /// <exception cref="ArgumentException">A size is not positive, or nothing is left to predict.</exception>
    public SequentialBatches(TokenCorpus corpus, int batchSize, int sequenceLength, int? mostRows = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sequenceLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostRows ?? 1, 1);
        _windows = new TokenWindows(corpus);
        _batchSize = batchSize;
        int all = (corpus.TokenCount + sequenceLength - 1) / sequenceLength;
        int count = Math.Min(all, mostRows ?? all);
        _rows = new (int, int)[count];
        for (int index = 0; index < count; index++)
        {
            int start = (int)((long)index * all / count) * sequenceLength;
            _rows[index] = (start, Math.Min(sequenceLength, corpus.TokenCount - start));
        }

        Count = (count + batchSize - 1) / batchSize;
        for (long index = 0; index < Count; index++)
        {
            foreach (int target in Get(index).Targets)
            {
                CountedTargets += target >= 0 ? 1 : 0;
                TargetBytes += target >= 0 ? corpus.BytesPerToken[target] : 0;
            }
        }

        if (CountedTargets == 0)
        {
            throw new ArgumentException("batches: no document has a second token, so there is nothing to predict. Give more text.", nameof(corpus));
        }
    }

    /// <summary>Number of batches.</summary>
    public long Count { get; }

    /// <summary>Targets of all batches that are not -1.</summary>
    public long CountedTargets { get; }

    /// <summary>UTF-8 bytes of the text of all counted targets.</summary>
    public long TargetBytes { get; }

    /// <summary>Mean bytes of a counted target: what turns a mean loss into bits per byte.</summary>
    public double BytesPerTarget => (double)TargetBytes / CountedTargets;

    /// <summary>Bits per byte for a mean loss in nats over all counted targets.</summary>
    public double BitsPerByte(double meanLoss) => meanLoss * CountedTargets / Math.Log(2) / TargetBytes;

    /// <summary>Batch <paramref name="index"/>; the same content at every call.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not from 0 to <see cref="Count"/> − 1.</exception>
    public TokenBatch Get(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int first = (int)(index * _batchSize);
        return _windows.Batch(_rows.AsSpan(first, Math.Min(_batchSize, _rows.Length - first)));
    }
}
