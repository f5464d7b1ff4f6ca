namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>Multiplies one item of a <see cref="PanelLine"/> after another.</summary>
internal readonly unsafe struct PanelWork(Workers workers, PanelLine line, RowCodes small, RowCodes large, float* y, bool accumulate) : IWork
{
    /// <summary>Rows of activations that share an expanded tile: their codes stay near.</summary>
    private const int MostRows = 128;

    public void Run(int item, int worker)
    {
        int taken = line.Take(worker);
        PackedMatrix matrix = line.Item(taken, out int start, out int end, out int first, out int last);
        PanelScheme scheme = matrix.Format.Panels!;
        RowCodes x = scheme.BlockLength == PanelTile.Columns ? large : small;
        long panelBytes = scheme.PanelBytes(line.Columns);
        int own = matrix.IsPanels ? 0 : checked((int)(2 * panelBytes / sizeof(float)));
        float* scratch = workers.ScratchPointer(worker, PanelScheme.ScratchFloats + (MostRows * PanelWidth.SumRows) + own);
        float* sums = scratch + PanelScheme.ScratchFloats;
        byte* packed = (byte*)(sums + (MostRows * PanelWidth.SumRows));
        byte* after = line.After(taken);
        for (int output = first; output < last; output += PanelWidth.SumRows)
        {
            int count = Math.Min(PanelWidth.SumRows, line.Outputs - output);
            byte* left = matrix.Panel(output, count, packed);
            byte* right = count > PanelScheme.Rows ? matrix.Panel(output + PanelScheme.Rows, count - PanelScheme.Rows, packed + panelBytes) : null;
            byte* next = output + PanelWidth.SumRows < last && matrix.IsPanels ? left + (2 * panelBytes) : after;
            for (int row = start; row < end; row += MostRows)
            {
                int rows = Math.Min(MostRows, end - row);
                scheme.Multiply(left, right, next, x, row, rows, line.Columns, scratch, sums);
                Store(sums, y + ((long)row * line.Outputs) + output, rows, count);
            }
        }
    }

    private void Store(float* sums, float* target, int rows, int count)
    {
        for (int row = 0; row < rows; row++)
        {
            var results = new ReadOnlySpan<float>(sums, count);
            var own = new Span<float>(target, count);
            if (accumulate)
            {
                System.Numerics.Tensors.TensorPrimitives.Add(own, results, own);
            }
            else
            {
                results.CopyTo(own);
            }

            sums += PanelWidth.SumRows;
            target += line.Outputs;
        }
    }
}
