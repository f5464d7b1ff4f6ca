using System.Numerics.Tensors;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Sums of columns from partial sums over fixed pieces of rows: the last step of weight gradients.</summary>
/// <remarks>The pieces depend on sizes alone and are added in order, so the result is the same at any thread count.</remarks>
internal readonly struct ColumnSumWork(Tensor source, Tensor partials, Blocks blocks) : IWork
{
    /// <summary>Most pieces that a sum over rows is cut into.</summary>
    public const int MostPieces = 32;

    public void Run(int item, int worker)
    {
        Span<float> sum = partials.Row(item);
        sum.Clear();
        long first = blocks.First(item), end = first + blocks.Size(item);
        for (long row = first; row < end; row++)
        {
            TensorPrimitives.Add(sum, source.Row(row), sum);
        }
    }

    /// <summary>target (=|+=) Σ over rows of source.</summary>
    public static void Sum(TensorScope scope, Tensor source, Tensor target, bool accumulate)
    {
        Blocks blocks = Blocks.OfRowsAtMost(source.Rows, source.Columns, MostPieces);
        Tensor partials = scope.New(new(blocks.Count, source.Columns));
        scope.Workers.Run(blocks.Count, new ColumnSumWork(source, partials, blocks));
        Join(partials, target.Span, accumulate);
        scope.Release(partials);
    }

    /// <summary>target (=|+=) Σ of the partial sums, in order.</summary>
    public static void Join(Tensor partials, Span<float> target, bool accumulate)
    {
        if (!accumulate)
        {
            target.Clear();
        }

        for (int piece = 0; piece < partials.Rows; piece++)
        {
            TensorPrimitives.Add(target, partials.Row(piece), target);
        }
    }
}
