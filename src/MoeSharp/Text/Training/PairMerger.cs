using System.Runtime.InteropServices;

namespace MoeSharp.Text.Training;

/// <summary>Words as symbols, the counts of their neighbouring pairs, and the most frequent pair at any time.</summary>
/// <remarks>
/// A merge touches only the words that hold its pair. The queue keeps old counts too; an entry that no longer agrees with the count is put back.
/// Order: the higher count first, then the lower left id, then the lower right id, so that a corpus always gives the same merges.
/// </remarks>
internal sealed class PairMerger
{
    private readonly int[] _symbols;
    private readonly (int Start, int Length)[] _words;
    private readonly long[] _counts;
    private readonly Dictionary<long, long> _pairCounts = [];
    private readonly Dictionary<long, List<int>> _pairWords = [];
    private readonly PriorityQueue<long, (long NegativeCount, long Pair)> _queue = new();
    private readonly HashSet<long> _changed = [];

    /// <summary>Starts with every word as the symbols of its bytes.</summary>
    public PairMerger(IReadOnlyDictionary<byte[], long> words, int firstByteId)
    {
        _symbols = new int[words.Keys.Sum(word => (long)word.Length)];
        _words = new (int, int)[words.Count];
        _counts = new long[words.Count];
        int start = 0;
        int index = 0;
        foreach ((byte[] word, long count) in words)
        {
            for (int position = 0; position < word.Length; position++)
            {
                _symbols[start + position] = firstByteId + word[position];
            }

            _words[index] = (start, word.Length);
            _counts[index] = count;
            start += word.Length;
            CountPairs(index++, sign: 1);
        }

        Enqueue();
    }

    /// <summary>The pair that occurs most often, when it occurs at least <paramref name="minimum"/> times.</summary>
    public bool TryTakeBest(long minimum, out int left, out int right)
    {
        while (_queue.TryDequeue(out long pair, out (long NegativeCount, long Pair) order))
        {
            long count = _pairCounts.GetValueOrDefault(pair);
            if (count != -order.NegativeCount)
            {
                // Counts that grew were queued anew; one that shrank comes back at its place.
                if (count > 0 && count < -order.NegativeCount)
                {
                    _queue.Enqueue(pair, (-count, pair));
                }

                continue;
            }

            (left, right) = ((int)(pair >> 32), (int)(pair & 0xFFFFFFFF));
            return count >= minimum;
        }

        left = right = -1;
        return false;
    }

    /// <summary>Replaces a pair by a new symbol in every word.</summary>
    public void Merge(int left, int right, int result)
    {
        long pair = PairOf(left, right);
        if (!_pairWords.Remove(pair, out List<int>? words))
        {
            return;
        }

        foreach (int word in words)
        {
            if (Contains(word, left, right))
            {
                CountPairs(word, sign: -1);
                Replace(word, left, right, result);
                CountPairs(word, sign: 1);
            }
        }

        _pairCounts.Remove(pair);
        _changed.Remove(pair);
        Enqueue();
    }

    private void CountPairs(int word, int sign)
    {
        (int start, int length) = _words[word];
        for (int position = start; position + 1 < start + length; position++)
        {
            long pair = PairOf(_symbols[position], _symbols[position + 1]);
            CollectionsMarshal.GetValueRefOrAddDefault(_pairCounts, pair, out _) += sign * _counts[word];
            if (sign > 0)
            {
                _changed.Add(pair);
                ref List<int>? words = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairWords, pair, out _);
                words ??= [];
                if (words.Count == 0 || words[^1] != word)
                {
                    words.Add(word);
                }
            }
        }
    }

    private bool Contains(int word, int left, int right)
    {
        (int start, int length) = _words[word];
        ReadOnlySpan<int> symbols = _symbols.AsSpan(start, length);
        for (int position = 0; position + 1 < length; position++)
        {
            if (symbols[position] == left && symbols[position + 1] == right)
            {
                return true;
            }
        }

        return false;
    }

    private void Replace(int word, int left, int right, int result)
    {
        (int start, int length) = _words[word];
        Span<int> symbols = _symbols.AsSpan(start, length);
        int write = 0;
        for (int read = 0; read < length; write++)
        {
            bool merges = read + 1 < length && symbols[read] == left && symbols[read + 1] == right;
            symbols[write] = merges ? result : symbols[read];
            read += merges ? 2 : 1;
        }

        _words[word] = (start, write);
    }

    private void Enqueue()
    {
        foreach (long pair in _changed)
        {
            long count = _pairCounts[pair];
            if (count > 0)
            {
                _queue.Enqueue(pair, (-count, pair));
            }
        }

        _changed.Clear();
    }

    private static long PairOf(int left, int right) => ((long)left << 32) | (uint)right;
}
