namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>What an attention kernel must know, as plain numbers.</summary>
internal struct AttentionShape
{
    /// <summary>Keys that are scored together. Chunks start at multiples of it, counted within the sequence, so a query meets the
    /// same chunks however its prompt was cut.</summary>
    public const int Chunk = 64;

    /// <summary>Keys that are summed up before they meet earlier ones, a multiple of <see cref="Chunk"/>. Spans start at multiples of it as
    /// well, so threads may share the keys of a row, and the sum is the same whether they do or not.</summary>
    public const int Span = 512;

    /// <summary>Rows (pairs of a query and a head) that are treated together.</summary>
    public const int TileRows = 64;

    public int HeadCount;
    public int KeyValueHeadCount;
    public int HeadSize;
    public int ValueHeadSize;
    public float Scale;
    public bool Causal;

    /// <summary>Keys that a query sees to one side, itself included; int.MaxValue without limit.</summary>
    public int Window;

    /// <summary>Positions of one block: a query sees no key of an earlier one (a multiple of it). 0 without blocks.</summary>
    public int Block;

    /// <summary>0 without cap.</summary>
    public float SoftCap;

    /// <summary>Query heads that share a key head.</summary>
    public readonly int GroupSize => HeadCount / KeyValueHeadCount;

    /// <summary>From one row to the next in <c>q [T, H·d]</c>.</summary>
    public readonly long QueryStride => (long)HeadCount * HeadSize;

    /// <summary>From one row to the next in the output <c>[T, H·dv]</c>.</summary>
    public readonly long OutputStride => (long)HeadCount * ValueHeadSize;

    /// <summary>From one row to the next in <c>k [T, G·d]</c>.</summary>
    public readonly long KeyStride => (long)KeyValueHeadCount * HeadSize;

    /// <summary>From one row to the next in <c>v [T, G·dv]</c>.</summary>
    public readonly long ValueStride => (long)KeyValueHeadCount * ValueHeadSize;

    /// <summary>First key that the query at <paramref name="position"/> sees.</summary>
    public readonly int FirstKey(int position)
    {
        int first = Window == int.MaxValue ? 0 : Math.Max(0, position - Window + 1);
        return Block == 0 ? first : Math.Max(first, position / Block * Block);
    }

    /// <summary>One past the last key that the query at <paramref name="position"/> sees, of <paramref name="keys"/>.</summary>
    public readonly int EndKey(int position, int keys)
    {
        long end = Causal ? (long)position + 1 : (long)position + Window;
        return (int)Math.Min(end, keys);
    }

    /// <summary>First query that sees any key from <paramref name="key"/> on.</summary>
    public readonly int FirstQuery(int key) => Causal ? key : Window == int.MaxValue ? 0 : Math.Max(0, key - Window + 1);

    /// <summary>One past the last query, of <paramref name="queries"/>, that sees any key before <paramref name="keyEnd"/>.</summary>
    public readonly int EndQuery(int keyEnd, int queries)
    {
        long end = Math.Min((long)keyEnd + Window - 1, queries);
        return (int)(Block == 0 ? end : Math.Min(end, (((long)keyEnd - 1) / Block * Block) + Block));
    }
}
