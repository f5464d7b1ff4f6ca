namespace MoeSharp.Tensors.Kernels;

/// <summary>Target row r = scale·Σ of the source rows at the places where r is named (<see cref="RowIndex"/>), overwritten or added to.</summary>
/// <remarks>The backward of a gather: each target row is written once, in rising order of places, at any thread count; rows that
/// are named nowhere are zeroed when overwriting and not touched when adding.</remarks>
internal readonly struct RowSumWork(
    Tensor source, Indices starts, Indices places, Tensor target, float scale, bool accumulate, Blocks blocks) : IWork
{
    public void Run(int item, int worker)
    {
        ReadOnlySpan<int> start = starts.Span, place = places.Span;
        long first = blocks.First(item), end = first + blocks.Size(item);
        for (int row = (int)first; row < end; row++)
        {
            int from = start[row], to = start[row + 1];
            if (from == to && accumulate)
            {
                continue;
            }

            Span<float> sum = target.Row(row);
            if (from == to)
            {
                sum.Clear();
            }

            for (int i = from; i < to; i++)
            {
                ElementKernel.Scale(source.Row(place[i]), scale, sum, accumulate || i > from);
            }
        }
    }

    /// <summary>Runs it for rows named by <paramref name="named"/>.</summary>
    public static void Scatter(TensorScope scope, Tensor source, Indices named, Tensor target, float scale, bool accumulate)
    {
        Indices starts = scope.NewIndices(target.Rows + 1), places = scope.NewIndices(named.Length);
        RowIndex.Build(named.Span, starts.Span, places.Span);
        Blocks blocks = Blocks.OfRows(target.Rows, target.Columns);
        scope.Workers.Run(blocks.Count, new RowSumWork(source, starts, places, target, scale, accumulate, blocks));
    }
}
