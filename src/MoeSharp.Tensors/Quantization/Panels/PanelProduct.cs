namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>Products of packed weights with activations of 8 bits, expert by expert.</summary>
/// <remarks>
/// <para>Shapes: x <c>[N, K]</c>, rows sorted by expert (one expert: a plain product), weight <c>[E, M, K]</c> → y <c>[N, M]</c>.</para>
/// <para>Rounding as <see cref="PanelDefinition"/>: a result depends on its row and its weight row alone, so the bits are the same at any
/// count of rows and threads.</para>
/// <para>Pairs of panels, of all experts that have rows, stand in one line. Every thread has a stretch of it, which it walks in order, so that
/// what it asked memory for is what it needs next; who is done goes on with the stretches of others.</para>
/// </remarks>
internal static unsafe class PanelProduct
{
    /// <summary>Adds to what y holds (its bias), or overwrites it.</summary>
    public static void Run(TensorScope scope, Tensor x, PackedWeight weight, Tensor y, int* offsets, int experts, bool accumulate)
    {
        int outputs = (int)(weight.Shape.Rows / experts), columns = x.Columns, rows = x.Rows;
        if (rows == 0)
        {
            return;
        }

        RowCodes small = default, large = default;
        Indices active = scope.NewIndices(experts);
        int count = 0;
        for (int expert = 0; expert < experts; expert++)
        {
            if (offsets[expert] == offsets[expert + 1])
            {
                continue;
            }

            active[count++] = expert;
            bool isLarge = weight.Matrix(expert).Format.Panels!.BlockLength == PanelTile.Columns;
            ref RowCodes codes = ref isLarge ? ref large : ref small;
            if (codes.BlockLength == 0)
            {
                codes = RowCodes.In(scope, rows, columns, isLarge ? PanelTile.Columns : 32);
                scope.Workers.Run(rows, new QuantizeWork(codes, x));
            }
        }

        var line = new PanelLine(scope, weight, active.Pointer, count, offsets, outputs, columns);
        scope.Workers.Run(line.Count, new PanelWork(scope.Workers, line, small, large, y.Pointer, accumulate));
    }

    private readonly struct QuantizeWork(RowCodes codes, Tensor x) : IWork
    {
        public void Run(int item, int worker) => codes.Set(item, x.Pointer + ((long)item * x.Columns));
    }
}
