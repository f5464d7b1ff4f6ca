namespace MoeSharp.Tensors.Kernels;

/// <summary>A run of rows or elements cut into equal pieces, as items for <see cref="Workers.Run"/>.</summary>
/// <remarks>The cut depends on sizes alone, never on the count of threads, so partial sums over pieces are the same everywhere.</remarks>
internal readonly struct Blocks
{
    /// <summary>Elements a piece should have: small enough for a first-level cache, large enough to pay for its hand-over.</summary>
    public const int Elements = 8192;

    private readonly long _total;
    private readonly long _each;

    private Blocks(long total, long each)
    {
        _total = total;
        _each = each;
        Count = (int)((total + each - 1) / each);
    }

    /// <summary>Count of pieces.</summary>
    public int Count { get; }

    /// <summary>Single elements.</summary>
    public static Blocks OfElements(long length) => new(length, Elements);

    /// <summary>Whole rows.</summary>
    public static Blocks OfRows(long rows, long columns) => new(rows, Math.Max(1, Elements / Math.Max(columns, 1)));

    /// <summary>Whole rows in at most <paramref name="limit"/> pieces, each large enough to be worth a partial result of one row.</summary>
    public static Blocks OfRowsAtMost(long rows, long columns, int limit)
    {
        long each = Math.Max(Math.Max(1, Elements / Math.Max(columns, 1)), (rows + limit - 1) / limit);
        return new(rows, each);
    }

    /// <summary>First row or element of a piece.</summary>
    public long First(int item) => item * _each;

    /// <summary>Rows or elements in a piece.</summary>
    public int Size(int item) => (int)Math.Min(_each, _total - (item * _each));
}
