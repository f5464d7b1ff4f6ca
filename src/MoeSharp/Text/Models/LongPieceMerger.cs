using System.Buffers;

namespace MoeSharp.Text.Models;

/// <summary>Merges a long piece: a linked list of symbols and a heap of the pairs that may merge, n·log n for n symbols.</summary>
/// <remarks>
/// A pair is known by its left symbol: <c>ranks[left]</c> is the rank of the pair that begins there now. An entry of the heap whose rank is
/// another is stale. Works in pooled memory.
/// </remarks>
internal ref struct LongPieceMerger
{
    private readonly Span<int> _symbols;
    private readonly MergeTable _merges;
    private readonly Span<int> _next;
    private readonly Span<int> _previous;
    private readonly Span<int> _ranks;
    private readonly Span<int> _results;
    private readonly Span<ulong> _heap; // rank above, position of the left symbol below
    private int _heapCount;

    private LongPieceMerger(Span<int> symbols, MergeTable merges, Span<int> memory, Span<ulong> heap)
    {
        int count = symbols.Length;
        _symbols = symbols;
        _merges = merges;
        _next = memory[..count];
        _previous = memory.Slice(count, count);
        _ranks = memory.Slice(2 * count, count);
        _results = memory.Slice(3 * count, count);
        _heap = heap;
        _heapCount = 0;
    }

    /// <summary>Merges in place; the number of symbols left, which stand in front.</summary>
    public static int Merge(Span<int> symbols, MergeTable merges)
    {
        // Each pair is offered once at the start, and each merge offers two: no more than three a symbol.
        int[] memory = ArrayPool<int>.Shared.Rent(4 * symbols.Length);
        ulong[] heap = ArrayPool<ulong>.Shared.Rent(3 * symbols.Length);
        int left = new LongPieceMerger(symbols, merges, memory, heap).Run();
        ArrayPool<int>.Shared.Return(memory);
        ArrayPool<ulong>.Shared.Return(heap);
        return left;
    }

    private int Run()
    {
        int count = _symbols.Length;
        for (int index = 0; index < count; index++)
        {
            _next[index] = index + 1 < count ? index + 1 : -1;
            _previous[index] = index - 1;
        }

        for (int index = 0; index < count; index++)
        {
            Offer(index);
        }

        while (_heapCount > 0)
        {
            ulong best = Pop();
            int left = (int)(uint)best;
            if (_ranks[left] != (int)(best >> 32))
            {
                continue;
            }

            int right = _next[left], after = _next[right];
            _symbols[left] = _results[left];
            _symbols[right] = -1; // gone
            _ranks[right] = int.MaxValue;
            _next[left] = after;
            if (after >= 0)
            {
                _previous[after] = left;
            }

            Offer(left);
            if (_previous[left] >= 0)
            {
                Offer(_previous[left]);
            }
        }

        int kept = 0;
        foreach (int symbol in _symbols)
        {
            if (symbol >= 0)
            {
                _symbols[kept++] = symbol;
            }
        }

        return kept;
    }

    private void Offer(int left)
    {
        int right = _next[left];
        _ranks[left] = right < 0 ? int.MaxValue : _merges.RankOf(_symbols[left], _symbols[right], out _results[left]);
        if (_ranks[left] != int.MaxValue)
        {
            Push(((ulong)(uint)_ranks[left] << 32) | (uint)left);
        }
    }

    private void Push(ulong entry)
    {
        int index = _heapCount++;
        while (index > 0 && _heap[(index - 1) / 2] > entry)
        {
            _heap[index] = _heap[(index - 1) / 2];
            index = (index - 1) / 2;
        }

        _heap[index] = entry;
    }

    private ulong Pop()
    {
        ulong top = _heap[0], moved = _heap[--_heapCount];
        int index = 0;
        for (int child = 1; child < _heapCount; child = (2 * index) + 1)
        {
            child += child + 1 < _heapCount && _heap[child + 1] < _heap[child] ? 1 : 0;
            if (_heap[child] >= moved)
            {
                break;
            }

            _heap[index] = _heap[child];
            index = child;
        }

        _heap[index] = moved;
        return top;
    }
}
