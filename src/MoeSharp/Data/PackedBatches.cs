using MoeSharp.Tensors;

namespace MoeSharp.Data;

/// <summary>Batches for training as a function of their number: any one can be had at once, so resuming needs only the number.</summary>
/// <remarks>
/// <para>Each epoch cuts the stream of documents into rows of S tokens, beginning at an offset of its own, and deals them out in a random order of its own.
/// Within an epoch no token is input twice; at most 2·S tokens at the ends are left out, others each time.</para>
/// <para>Rows are full: a row runs on into the next document, and the batch's layout and targets keep the two apart.</para>
/// <para>The order is a permutation computed, not stored (a Feistel network over the row number). Immutable; safe for concurrent use.</para>
/// </remarks>
public sealed class PackedBatches
{
    private readonly TokenWindows _windows;
    private readonly TokenCorpus _corpus;
    private readonly ulong _seed;

    /// <summary>Batches over a corpus.</summary>
    /// <param name="corpus">The documents.</param>
    /// <param name="batchSize">Rows of a batch, B.</param>
    /// <param name="sequenceLength">Tokens of a row, S.</param>
    /// <param name="seed">Fixes offsets and orders.</param>
    /// <exception cref="ArgumentException">A size is not positive, or the corpus has fewer than S + 1 tokens.</exception>
    public PackedBatches(TokenCorpus corpus, int batchSize, int sequenceLength, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sequenceLength, 1);
        if (corpus.TokenCount <= sequenceLength)
        {
            throw new ArgumentException(
                $"batches: the corpus has {corpus.TokenCount:N0} tokens, and a row of {sequenceLength:N0} needs one more than that. Choose a shorter sequence, or give more text.",
                nameof(corpus));
        }

        _corpus = corpus;
        _windows = new TokenWindows(corpus);
        _seed = seed;
        BatchSize = batchSize;
        SequenceLength = sequenceLength;
        RowsPerEpoch = Math.Max(1, ((corpus.TokenCount - 1) / sequenceLength) - 1);
    }

    /// <summary>Rows of a batch, B.</summary>
    public int BatchSize { get; }

    /// <summary>Tokens of a row, S.</summary>
    public int SequenceLength { get; }

    /// <summary>Rows until the corpus has been seen once. A batch may hold the last rows of one epoch and the first of the next.</summary>
    public int RowsPerEpoch { get; }

    /// <summary>The epoch, with its fraction, that has passed after this many batches.</summary>
    public double EpochAt(long batchCount) => (double)batchCount * BatchSize / RowsPerEpoch;

    /// <summary>Batch <paramref name="index"/>, from 0 without end; the same content at every call, in constant time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative.</exception>
    public TokenBatch Get(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var rows = new (int Start, int Length)[BatchSize];
        for (int row = 0; row < BatchSize; row++)
        {
            rows[row] = (StartOf((index * BatchSize) + row), SequenceLength);
        }

        return _windows.Batch(rows);
    }

    private int StartOf(long row)
    {
        ulong epoch = (ulong)(row / RowsPerEpoch);
        var random = new Rng(_seed, stream: epoch);
        int slack = _corpus.TokenCount - 1 - (RowsPerEpoch * SequenceLength);
        int offset = (int)(random.BitsAt(0) % ((ulong)Math.Min(slack, SequenceLength - 1) + 1));
        return offset + (Permute(random, (int)(row % RowsPerEpoch)) * SequenceLength);
    }

    /// <summary>Four Feistel rounds over the next power of four, walked until the value is in range: a permutation of 0 … rows − 1.</summary>
    private int Permute(Rng random, int value)
    {
        int half = 1;
        while (1L << (2 * half) < RowsPerEpoch)
        {
            half++;
        }

        uint mask = (1u << half) - 1;
        uint state = (uint)value;
        do
        {
            uint left = state >> half;
            uint right = state & mask;
            for (uint round = 0; round < 4; round++)
            {
                // Index 0 is the offset's; each round has a range of its own above it.
                uint mixed = (uint)(random.BitsAt(1 + ((ulong)round << 32) + right) >> 32) & mask;
                (left, right) = (right, left ^ mixed);
            }

            state = (left << half) | right;
        }
        while (state >= RowsPerEpoch);
        return (int)state;
    }
}
