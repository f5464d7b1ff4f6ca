using System.Numerics;
using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Brings the results of experts back to their tokens: a weighted sum of chosen rows.</summary>
/// <remarks>
/// <para>Shapes: <c>y [N, D]</c>, row of choice <c>[T·K]</c>, weights <c>[T, K]</c> → <c>[T, D]</c>. Formula:
/// <c>out[t] = Σₖ w[t, k]·y[row[t·K + k]]</c>, in a fixed tree over k; −1 is a dropped choice and adds nothing.
/// <c>dw[t, k] = dout[t]·y[row]</c> (0 where dropped), <c>dy[n]</c> = Σ of <c>w·dout[t]</c> over the choices that name n.</para>
/// <para>The row numbers must not change before the backward pass.</para>
/// </remarks>
public sealed class CombineRowsOp : Operation
{
    private readonly Tensor _y;
    private readonly Indices _rowOfChoice;
    private readonly Tensor _weights;

    private CombineRowsOp(Tensor y, Indices rowOfChoice, Tensor weights, Tensor output)
        : base(output)
    {
        _y = y;
        _rowOfChoice = rowOfChoice;
        _weights = weights;
    }

    /// <summary>Combines rows.</summary>
    /// <exception cref="TensorShapeException">There is not one row number a weight.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is no row of y.</exception>
    public static Tensor Apply(Tensor y, Indices rowOfChoice, Tensor weights)
    {
        if (rowOfChoice.Length != weights.Length)
        {
            Throw.Shape($"combine rows: got {rowOfChoice.Length} row numbers for weights {weights.Shape}. There must be one a weight.");
        }

        RowIndex.Check("combine rows", rowOfChoice.Span, y.Shape.Rows, allowNone: true);
        TensorScope scope = ScopeOf("combine rows", y);
        Tensor output = scope.New(new(weights.Shape.Rows, y.Shape.Columns));
        Blocks blocks = Blocks.OfRows(output.Rows, (long)output.Columns * weights.Columns);
        scope.Workers.Run(blocks.Count, new ForwardWork(y, rowOfChoice, weights, output, blocks));
        return Records(scope, y, weights) ? Record(scope, new CombineRowsOp(y, rowOfChoice, weights, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        TensorScope scope = Output.Scope!;
        bool addToY = false, addToWeights = false;
        Tensor? dy = _y.NeedsGradient ? _y.GradientFor(out addToY) : null;
        Tensor? dw = _weights.NeedsGradient ? _weights.GradientFor(out addToWeights) : null;
        if (dw is not null && !addToWeights)
        {
            dw.Fill(0); // dropped choices are not visited below
        }

        Indices starts = scope.NewIndices(_y.Rows + 1), places = scope.NewIndices(_rowOfChoice.Length);
        RowIndex.Build(_rowOfChoice.Span, starts.Span, places.Span);
        Blocks blocks = Blocks.OfRows(_y.Rows, _y.Columns);
        scope.Workers.Run(blocks.Count, new BackwardWork(_y, starts, places, _weights, OutputGradient, dy, addToY, dw, blocks));
    }

    /// <summary>Sums in a tree of halves, so that K equal rows of weight 1/K give the row itself when K is a power of two: every partial
    /// sum is then the row times a power of two, and nothing is rounded. One chain over k would round from K = 8 on.</summary>
    private readonly struct ForwardWork(Tensor y, Indices rowOfChoice, Tensor weights, Tensor output, Blocks blocks) : IWork
    {
        private const int BlockColumns = 512; // partial sums of a level: 2 KiB of the stack

        public void Run(int item, int worker)
        {
            int first = (int)blocks.First(item), k = weights.Columns, block = k <= 2 ? output.Columns : BlockColumns;
            for (int t = first; t < first + blocks.Size(item); t++)
            {
                for (int start = 0; start < output.Columns; start += block)
                {
                    Span<float> sum = output.Row(t).Slice(start, Math.Min(block, output.Columns - start));
                    if (!Sum(t * k, k, start, sum))
                    {
                        sum.Clear();
                    }
                }
            }
        }

        /// <summary>Sum of some choices of a token, of which all but dropped ones count; false where all were dropped.</summary>
        private bool Sum(int first, int count, int start, Span<float> sum)
        {
            if (count <= 2)
            {
                bool started = false;
                for (int choice = first; choice < first + count; choice++)
                {
                    int row = rowOfChoice[choice];
                    if (row >= 0)
                    {
                        ElementKernel.Scale(y.Row(row).Slice(start, sum.Length), weights.Span[choice], sum, started);
                        started = true;
                    }
                }

                return started;
            }

            int half = (int)BitOperations.RoundUpToPowerOf2((uint)count) / 2;
            Span<float> right = stackalloc float[BlockColumns];
            right = right[..sum.Length];
            bool hasLeft = Sum(first, half, start, sum), hasRight = Sum(first + half, count - half, start, right);
            if (hasRight && hasLeft)
            {
                ElementKernel.Add(sum, right, sum);
            }
            else if (hasRight)
            {
                right.CopyTo(sum);
            }

            return hasLeft || hasRight;
        }
    }

    /// <summary>By rows of y, each named by at most a few choices: dy and dw in one visit.</summary>
    private readonly struct BackwardWork(
        Tensor y, Indices starts, Indices places, Tensor weights, Tensor dout, Tensor? dy, bool addToY, Tensor? dw, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            int firstRow = (int)blocks.First(item), k = weights.Columns;
            ReadOnlySpan<int> start = starts.Span, place = places.Span;
            ReadOnlySpan<float> weight = weights.Span;
            Span<float> weightGradient = dw is null ? default : dw.Span;
            for (int row = firstRow; row < firstRow + blocks.Size(item); row++)
            {
                bool started = addToY;
                for (int i = start[row]; i < start[row + 1]; i++)
                {
                    int choice = place[i];
                    ReadOnlySpan<float> upstream = dout.Row(choice / k);
                    if (dw is not null)
                    {
                        weightGradient[choice] += (float)SumKernel.Dot(upstream, y.Row(row));
                    }

                    if (dy is not null)
                    {
                        ElementKernel.Scale(upstream, weight[choice], dy.Row(row), started);
                        started = true;
                    }
                }

                if (dy is not null && !started)
                {
                    dy.Row(row).Clear();
                }
            }
        }
    }
}
