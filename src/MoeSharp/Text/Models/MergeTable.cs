namespace MoeSharp.Text.Models;

/// <summary>The merges of a vocabulary: a pair of ids to its rank and the id that replaces it. Immutable after filling.</summary>
internal sealed class MergeTable
{
    private readonly int _mask;
    private readonly Entry[] _entries;

    /// <summary>An empty table with room for <paramref name="count"/> merges.</summary>
    public MergeTable(int count)
    {
        int size = 16;
        while (size < 2 * count)
        {
            size *= 2;
        }

        _entries = new Entry[size];
        _mask = size - 1;
    }

    /// <summary>Number of merges.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a merge; <see langword="false"/> when the pair is there already.</summary>
    public bool TryAdd(int left, int right, int rank, int result)
    {
        ref Entry entry = ref Find(left, right);
        if (entry.RankPlusOne != 0)
        {
            return false;
        }

        entry = new Entry(left, right, rank + 1, result);
        Count++;
        return true;
    }

    /// <summary>The rank of a pair (lower merges first) and what it becomes; <see cref="int.MaxValue"/> when the pair never merges.</summary>
    public int RankOf(int left, int right, out int result)
    {
        ref Entry entry = ref Find(left, right);
        result = entry.Result;
        return entry.RankPlusOne == 0 ? int.MaxValue : entry.RankPlusOne - 1;
    }

    /// <summary>All merges in the order of their ranks.</summary>
    public IEnumerable<(int Left, int Right)> InOrder() =>
        _entries.Where(entry => entry.RankPlusOne != 0).OrderBy(entry => entry.RankPlusOne).Select(entry => (entry.Left, entry.Right));

    private ref Entry Find(int left, int right)
    {
        ulong key = (((ulong)(uint)left << 32) | (uint)right) * 0x9E3779B97F4A7C15;
        int index = (int)(key >> 40) & _mask;
        while (_entries[index].RankPlusOne != 0 && (_entries[index].Left != left || _entries[index].Right != right))
        {
            index = (index + 1) & _mask;
        }

        return ref _entries[index];
    }

    private readonly record struct Entry(int Left, int Right, int RankPlusOne, int Result);
}
