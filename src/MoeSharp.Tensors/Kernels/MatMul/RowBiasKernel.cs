namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>The bias of a linear layer: the same numbers under every row, and the sum over rows that is its gradient.</summary>
internal static unsafe class RowBiasKernel
{
    private const int Block = 64; // columns summed together: their sums stay in the first-level cache

    /// <summary>Copies <paramref name="bias"/> [columns] into each row of <c>y [rows, columns]</c>; the product then adds to it.</summary>
    public static void Fill(float* y, float* bias, long rows, int columns)
    {
        var source = new ReadOnlySpan<float>(bias, columns);
        for (long row = 0; row < rows; row++)
        {
            source.CopyTo(new Span<float>(y + (row * columns), columns));
        }
    }

    /// <summary><c>sum[j] = Σᵢ dy[i, j]</c>, rows ascending, in double; added to the old value when accumulating.</summary>
    public static void Sum(float* dy, float* sum, long rows, int columns, bool accumulate)
    {
        double* wide = stackalloc double[Block];
        for (int start = 0; start < columns; start += Block)
        {
            int count = Math.Min(Block, columns - start);
            new Span<double>(wide, count).Clear();
            for (long row = 0; row < rows; row++)
            {
                float* source = dy + (row * columns) + start;
                for (int j = 0; j < count; j++)
                {
                    wide[j] += source[j];
                }
            }

            for (int j = 0; j < count; j++)
            {
                sum[start + j] = (float)(wide[j] + (accumulate ? sum[start + j] : 0));
            }
        }
    }
}
