namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Where the factors and the result of a small product lie: <c>c[i·CRow + j] = Σₖ a[i·ARow + k·ADepth]·b[k·BRow + j]</c>.</summary>
internal readonly unsafe struct TileOperands(float* a, long aRow, long aDepth, float* b, long bRow, float* c, long cRow, long ahead = 0)
{
    public readonly float* A = a;
    public readonly long ARow = aRow;
    public readonly long ADepth = aDepth;
    public readonly float* B = b;
    public readonly long BRow = bRow;
    public readonly float* C = c;
    public readonly long CRow = cRow;
    public readonly long Ahead = ahead;

    /// <summary>The same product from row <paramref name="row"/> on.</summary>
    public TileOperands FromRow(long row) => new(A + (row * ARow), ARow, ADepth, B, BRow, C + (row * CRow), CRow, Ahead);

    /// <summary>The same product from step <paramref name="depth"/> on.</summary>
    public TileOperands FromDepth(long depth) => new(A + (depth * ADepth), ARow, ADepth, B + (depth * BRow), BRow, C, CRow, Ahead);
}
