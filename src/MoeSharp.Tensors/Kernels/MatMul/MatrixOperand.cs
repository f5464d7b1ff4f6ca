namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>One factor of a product, seen as rows along the summed dimension k, wherever they lie in memory.</summary>
/// <remarks>
/// Element <c>(row, k)</c> is at <c>Pointer[row·RowStride + k·DepthStride]</c>. For <c>C = A·Bᵀ</c> both factors have rows of
/// contiguous k; a factor that is transposed has <c>RowStride 1</c> instead. A "row" of B is a column of C.
/// </remarks>
internal readonly unsafe struct MatrixOperand(float* pointer, long rowStride, long depthStride)
{
    /// <summary>Element (0, 0).</summary>
    public readonly float* Pointer = pointer;

    /// <summary>From one row to the next, in elements.</summary>
    public readonly long RowStride = rowStride;

    /// <summary>From one k to the next, in elements.</summary>
    public readonly long DepthStride = depthStride;

    /// <summary>Rows of contiguous k, <paramref name="stride"/> apart: <c>[rows, k]</c> in memory.</summary>
    public static MatrixOperand AlongDepth(float* pointer, long stride) => new(pointer, stride, 1);

    /// <summary>Stored transposed: <c>[k, rows]</c> in memory.</summary>
    public static MatrixOperand AcrossDepth(float* pointer, long stride) => new(pointer, 1, stride);

    /// <summary>The same factor from another row on.</summary>
    public MatrixOperand FromRow(long row) => new(Pointer + (row * RowStride), RowStride, DepthStride);

    /// <summary>The same factor from another k on.</summary>
    public MatrixOperand FromDepth(long depth) => new(Pointer + (depth * DepthStride), RowStride, DepthStride);
}
