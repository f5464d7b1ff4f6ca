namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Matrix products in float32: <c>c[i, j] = Σₖ a(i, k)·b(j, k)</c>, in every arrangement of the factors.</summary>
/// <remarks>
/// <para>Shapes: <see cref="Nt"/> a [m, k], b [n, k]; <see cref="Nn"/> a [m, k], b [k, n]; <see cref="Tn"/> a [k, m], b [k, n];
/// <see cref="Tt"/> a [k, m], b [n, k]; always c [m, n]. Work: 2·m·n·k flops.</para>
/// <para>Rounding: each element of c is ONE chain of fused multiply-adds over ascending k, from 0 or, when accumulating, from
/// its old value. So the bits do not depend on lane width, tiles, row count or threads.</para>
/// <para>Edges: k = 0 gives zeros (or leaves c, when accumulating); m or n = 0 does nothing.</para>
/// </remarks>
internal static unsafe class MatMulKernel
{
    /// <summary>Packed panels of one pass, in elements (32 MiB); a larger right factor is taken in parts.</summary>
    private const long PackedLimit = 8 << 20;

    /// <summary>Up to here (4 MiB) the whole right factor is packed at once.</summary>
    private const long NearLimit = 1 << 20;

    private const int SliceDepth = 512;

    /// <summary><c>c [m, n] = a [m, k] · b [n, k]ᵀ</c>: a linear layer.</summary>
    public static void Nt(Workers workers, float* a, float* b, float* c, int m, int n, int k, bool accumulate) =>
        Run(workers, MatrixOperand.AlongDepth(a, k), MatrixOperand.AlongDepth(b, k), c, m, n, k, accumulate, Simd.Width);

    /// <summary><c>c [m, n] = a [m, k] · b [k, n]</c>: its gradient for the input.</summary>
    public static void Nn(Workers workers, float* a, float* b, float* c, int m, int n, int k, bool accumulate) =>
        Run(workers, MatrixOperand.AlongDepth(a, k), MatrixOperand.AcrossDepth(b, n), c, m, n, k, accumulate, Simd.Width);

    /// <summary><c>c [m, n] = a [k, m]ᵀ · b [k, n]</c>: its gradient for the weight.</summary>
    public static void Tn(Workers workers, float* a, float* b, float* c, int m, int n, int k, bool accumulate) =>
        Run(workers, MatrixOperand.AcrossDepth(a, m), MatrixOperand.AcrossDepth(b, n), c, m, n, k, accumulate, Simd.Width);

    /// <summary><c>c [m, n] = a [k, m]ᵀ · b [n, k]ᵀ</c>.</summary>
    public static void Tt(Workers workers, float* a, float* b, float* c, int m, int n, int k, bool accumulate) =>
        Run(workers, MatrixOperand.AcrossDepth(a, m), MatrixOperand.AlongDepth(b, k), c, m, n, k, accumulate, Simd.Width);

    /// <summary>The definition. Every other path gives the same bits.</summary>
    internal static void Scalar(
        MatrixOperand a, MatrixOperand b, float* c, long rowStride, long columnStride, int m, int n, int k, bool accumulate)
    {
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                float* left = a.Pointer + (i * a.RowStride), right = b.Pointer + (j * b.RowStride);
                float* target = c + (i * rowStride) + (j * columnStride);
                float sum = accumulate ? *target : 0;
                for (int p = 0; p < k; p++)
                {
                    sum = MathF.FusedMultiplyAdd(left[p * a.DepthStride], right[p * b.DepthStride], sum);
                }

                *target = sum;
            }
        }
    }

    /// <summary>Chooses the roles of the factors, and the parts of a large one.</summary>
    /// <remarks>Rows of c may be part of longer ones: <paramref name="rowStride"/> elements apart, 0 for n.</remarks>
    internal static void Run(
        Workers workers, MatrixOperand a, MatrixOperand b, float* c, int m, int n, int k, bool accumulate, int simdWidth, long rowStride = 0)
    {
        rowStride = rowStride == 0 ? n : rowStride;
        if (m <= 0 || n <= 0)
        {
            return;
        }

        bool exchange = Exchange(a, b, m, n, k);
        var product = new Product
        {
            PanelRows = exchange ? m : n,
            BlockRows = exchange ? n : m,
            BlockStride = exchange ? 1 : rowStride,
            PanelStride = exchange ? rowStride : 1,
        };

        // A large right factor is packed and used slice after slice of the depth, while its panels are near. Where the result is
        // transposed on its way out, that would happen for each slice: there the panels are those of the smaller factor anyway.
        int panelRows = product.PanelRows, slice = !exchange && (long)n * k > NearLimit ? SliceDepth : Math.Max(k, 1);
        long fitting = PackedLimit / Math.Min(slice, Math.Max(k, 1)) / ChunkKernel.Columns * ChunkKernel.Columns;
        int limit = (int)Math.Min(panelRows, Math.Max(ChunkKernel.Columns, fitting));
        for (int first = 0; first < panelRows; first += limit)
        {
            product.PanelRows = Math.Min(limit, panelRows - first);
            product.C = c + (first * product.PanelStride);
            for (int start = 0; start < Math.Max(k, 1); start += slice)
            {
                product.Panels = (exchange ? a : b).FromRow(first).FromDepth(start);
                product.Blocks = (exchange ? b : a).FromDepth(start);
                product.Depth = Math.Min(slice, k - start);
                product.Accumulate = accumulate || start > 0;
                ProductRunner.Run(workers, new SingleProduct(product), simdWidth);
            }
        }
    }

    /// <summary>True where the left factor should lie along the lanes, because preparing the right one would cost more.</summary>
    /// <remarks>Costs an element, relative to copying one: transposing into a panel 2, transposing the result 2.</remarks>
    internal static bool Exchange(MatrixOperand a, MatrixOperand b, int m, int n, int k)
    {
        double direct = ((double)n * k * (b.RowStride == 1 ? 1 : 2)) + ((double)m * k);
        double exchanged = ((double)m * k * (a.RowStride == 1 ? 1 : 2)) + ((double)n * k) + (2.0 * m * n);
        return exchanged < direct;
    }
}
