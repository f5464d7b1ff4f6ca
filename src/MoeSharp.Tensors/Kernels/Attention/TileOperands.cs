namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Where the factors and the result of a small product lie: <c>c[i·CRow + j] = Σₖ a[i·ARow + k·ADepth]·b[k·BRow + j]</c>.</summary>
internal readonly unsafe struct TileOperands(float* a, long aRow, long aDepth, float* b, long bRow, float* c, long cRow)
{
    public readonly float* A = a;
    public readonly long ARow = aRow;
    public readonly long ADepth = aDepth;
    public readonly float* B = b;
    public readonly long BRow = bRow;
    public readonly float* C = c;
    public readonly long CRow = cRow;

    /// <summary>The same product from step <paramref name="depth"/> on.</summary>
    public TileOperands FromDepth(long depth) => new(A + (depth * ADepth), ARow, ADepth, B + (depth * BRow), BRow, C, CRow);
}
