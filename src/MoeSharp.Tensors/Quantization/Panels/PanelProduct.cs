namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>Products of packed weights with activations of 8 bits, expert by expert.</summary>
/// <remarks>
/// <para>Shapes: x <c>[N, K]</c>, rows sorted by expert (one expert: a plain product), weight <c>[E, M, K]</c> → y <c>[N, M]</c>.</para>
/// <para>Rounding as <see cref="PanelDefinition"/>: a result depends on its row and its weight row alone, so the bits are the same at any
/// count of rows and threads.</para>
/// </remarks>
internal static unsafe class PanelProduct
{
    /// <summary>Rows of activations that share an expanded tile: their codes stay near.</summary>
    private const int MostRows = 128;

    /// <summary>Bytes of a weight that are one item of work, about: enough for reading ahead, few enough to share evenly.</summary>
    private const int ItemBytes = 96 * 1024;

    /// <summary>Products, a row of results and a panel, that are one item of work where there are many rows.</summary>
    private const int ItemProducts = 1024;

    /// <summary>Adds to what y holds (its bias), or overwrites it.</summary>
    public static void Run(TensorScope scope, Tensor x, PackedWeight weight, Tensor y, int* offsets, int experts, bool accumulate)
    {
        int outputs = (int)(weight.Shape.Rows / experts), columns = x.Columns, rows = x.Rows;
        if (rows == 0)
        {
            return;
        }

        RowCodes small = default, large = default;
        for (int expert = 0; expert < experts; expert++)
        {
            bool isLarge = weight.Matrix(expert).Format.Panels!.BlockLength == PanelTile.Columns;
            ref RowCodes codes = ref isLarge ? ref large : ref small;
            if (codes.BlockLength == 0)
            {
                codes = RowCodes.In(scope, rows, columns, isLarge ? PanelTile.Columns : 32);
                scope.Workers.Run(rows, new Quantize(codes, x));
            }
        }

        int pairs = (outputs + PanelWidth.SumRows - 1) / PanelWidth.SumRows;
        long pairBytes = 2 * weight.Matrix(0).Format.Panels!.PanelBytes(columns);
        int rowsAnExpert = Math.Max(1, rows / experts);
        int together = (int)Math.Clamp(ItemBytes / pairBytes, 1, Math.Max(1, ItemProducts / rowsAnExpert));
        int items = (pairs + together - 1) / together;
        scope.Workers.Run(
            checked(experts * items),
            new Multiply(scope.Workers, small, large, weight, y.Pointer, offsets, outputs, columns, together, items, accumulate));
    }

    private readonly struct Quantize(RowCodes codes, Tensor x) : IWork
    {
        public void Run(int item, int worker) => codes.Set(item, x.Pointer + ((long)item * x.Columns));
    }

    private readonly struct Multiply(
        Workers workers, RowCodes small, RowCodes large, PackedWeight weight, float* y, int* offsets, int outputs, int columns, int together,
        int items, bool accumulate)
        : IWork
    {
        public void Run(int item, int worker)
        {
            int expert = item / items;
            int start = offsets[expert], end = offsets[expert + 1];
            if (start == end)
            {
                return;
            }

            PackedMatrix matrix = weight.Matrix(expert);
            PanelScheme scheme = matrix.Format.Panels!;
            RowCodes x = scheme.BlockLength == PanelTile.Columns ? large : small;
            long panelBytes = scheme.PanelBytes(columns);
            int own = !matrix.IsPanels ? checked((int)(2 * panelBytes / sizeof(float))) : 0;
            float* scratch = workers.ScratchPointer(worker, PanelScheme.ScratchFloats + (MostRows * PanelWidth.SumRows) + own);
            float* sums = scratch + PanelScheme.ScratchFloats;
            byte* packed = (byte*)(sums + (MostRows * PanelWidth.SumRows));
            int first = item % items * together * PanelWidth.SumRows, last = Math.Min(outputs, first + (together * PanelWidth.SumRows));
            for (int output = first; output < last; output += PanelWidth.SumRows)
            {
                int count = Math.Min(PanelWidth.SumRows, outputs - output);
                byte* left = matrix.Panel(output, count, packed);
                byte* right = count > PanelScheme.Rows ? matrix.Panel(output + PanelScheme.Rows, count - PanelScheme.Rows, packed + panelBytes) : null;
                for (int row = start; row < end; row += MostRows)
                {
                    int rows = Math.Min(MostRows, end - row);
                    scheme.Multiply(left, right, x, row, rows, columns, scratch, sums);
                    Store(sums, y + ((long)row * outputs) + output, rows, count);
                }
            }
        }

        private void Store(float* sums, float* target, int rows, int count)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int i = 0; i < count; i++)
                {
                    target[i] = accumulate ? target[i] + sums[i] : sums[i];
                }

                sums += PanelWidth.SumRows;
                target += outputs;
            }
        }
    }
}
