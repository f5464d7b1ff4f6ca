using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Rotary position embedding of the heads of each row.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, H·d]</c>, positions <c>[T]</c> → <c>[T, H·d]</c>. In each head the columns [start, start + r) are rotated by the
/// angles of the row's position; the others pass. The gradient is rotated back (and scaled alike by the attention factor).</para>
/// <para>The positions must not change before the backward pass. Source: Su et al. 2021, arXiv:2104.09864.</para>
/// </remarks>
public sealed class RopeOp : Operation
{
    private readonly Tensor _x;
    private readonly Indices _positions;
    private readonly RopeTable _table;
    private readonly int _headSize;
    private readonly int _start;
    private readonly Indices? _isLong;

    private RopeOp(Tensor x, Indices positions, RopeTable table, int headSize, int start, Indices? isLong, Tensor output)
        : base(output)
    {
        _x = x;
        _positions = positions;
        _table = table;
        _headSize = headSize;
        _start = start;
        _isLong = isLong;
    }

    /// <summary>Rotates heads.</summary>
    /// <param name="x">[T, H·d].</param>
    /// <param name="positions">[T], not negative.</param>
    /// <param name="table">Angles and layout.</param>
    /// <param name="headSize">d.</param>
    /// <param name="start">First rotated column of a head.</param>
    /// <exception cref="TensorShapeException">Columns are no multiple of the head size, the rotated part does not fit, or there is not one position a row.</exception>
    public static Tensor Apply(Tensor x, Indices positions, RopeTable table, int headSize, int start = 0) =>
        Apply(x, positions, table, headSize, start, isLong: null);

    /// <summary>Rotates heads; where long sequences have a table of their own, their rows take it.</summary>
    /// <param name="x">[T, H·d].</param>
    /// <param name="layout">Positions, and which rows belong to long sequences.</param>
    /// <param name="table">Angles and layout.</param>
    /// <param name="headSize">d.</param>
    /// <param name="start">First rotated column of a head.</param>
    /// <exception cref="TensorShapeException">As in the other form.</exception>
    public static Tensor Apply(Tensor x, SequenceLayout layout, RopeTable table, int headSize, int start = 0)
    {
        int longCount = 0;
        for (int sequence = 0; table.Long is not null && sequence < layout.SequenceCount; sequence++)
        {
            longCount += layout.TotalOf(sequence) > table.LongAfter ? 1 : 0;
        }

        if (longCount == 0 || longCount == layout.SequenceCount)
        {
            return Apply(x, layout.Positions, longCount == 0 ? table : table.Long!, headSize, start, isLong: null);
        }

        Indices isLong = ScopeOf("rope", x).NewIndices(layout.RowCount);
        for (int sequence = 0; sequence < layout.SequenceCount; sequence++)
        {
            isLong.Span.Slice(layout.StartOf(sequence), layout.LengthOf(sequence)).Fill(layout.TotalOf(sequence) > table.LongAfter ? 1 : 0);
        }

        return Apply(x, layout.Positions, table, headSize, start, isLong);
    }

    private static Tensor Apply(Tensor x, Indices positions, RopeTable table, int headSize, int start, Indices? isLong)
    {
        if (headSize < 1 || x.Shape.Columns % headSize != 0 || positions.Length != x.Shape.Rows)
        {
            Throw.Shape($"rope: got {x.Shape} with head size {headSize} and {positions.Length} positions. The head size must divide the columns, and there must be one position a row.");
        }

        if (start < 0 || start + table.RotarySize > headSize)
        {
            Throw.Shape($"rope: the rotary size {table.RotarySize} from column {start} on does not fit a head of {headSize}.");
        }

        TensorScope scope = ScopeOf("rope", x);
        Tensor output = scope.New(x.Shape);
        Run(scope, x, positions, table, headSize, start, isLong, output, inverse: false, accumulate: false);
        return Records(scope, x) ? Record(scope, new RopeOp(x, positions, table, headSize, start, isLong, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _x.GradientFor(out bool accumulate);
        Run(Output.Scope!, OutputGradient, _positions, _table, _headSize, _start, _isLong, gradient, inverse: true, accumulate);
    }

    private static void Run(
        TensorScope scope, Tensor x, Indices positions, RopeTable table, int headSize, int start, Indices? isLong, Tensor y,
        bool inverse, bool accumulate)
    {
        int last = -1;
        foreach (int position in positions.Span)
        {
            if (position < 0)
            {
                throw new ArgumentOutOfRangeException(nameof(positions), $"rope: position {position} is negative. Positions start at 0.");
            }

            last = Math.Max(last, position);
        }

        Blocks blocks = Blocks.OfRows(x.Rows, x.Columns);
        scope.Workers.Run(
            blocks.Count,
            new Work(
                x, positions, table.UpTo(last), isLong is null ? null : table.Long!.UpTo(last), isLong, table.Layout, headSize, start, y, inverse,
                accumulate, blocks));
    }

    private readonly struct Work(
        Tensor x,
        Indices positions,
        RopeTable.Angles angles,
        RopeTable.Angles? longAngles,
        Indices? isLong,
        RopeLayout layout,
        int headSize,
        int start,
        Tensor y,
        bool inverse,
        bool accumulate,
        Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            int first = (int)blocks.First(item);
            ReadOnlySpan<int> position = positions.Span;
            for (int row = first; row < first + blocks.Size(item); row++)
            {
                RopeTable.Angles own = isLong is not null && isLong[row] != 0 ? longAngles! : angles;
                ReadOnlySpan<float> source = x.Row(row), cos = own.Cosines.Row(position[row]), sin = own.Sines.Row(position[row]);
                Span<float> target = y.Row(row);
                for (int column = 0; column < source.Length; column += headSize)
                {
                    Head(source.Slice(column, headSize), cos, sin, target.Slice(column, headSize));
                }
            }
        }

        private void Head(ReadOnlySpan<float> source, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, Span<float> target)
        {
            int size = 2 * cos.Length, end = start + size;
            if (start > 0)
            {
                ElementKernel.Scale(source[..start], 1, target[..start], accumulate);
            }

            if (end < headSize)
            {
                ElementKernel.Scale(source[end..], 1, target[end..], accumulate);
            }

            ReadOnlySpan<float> pairs = source.Slice(start, size);
            Span<float> rotated = target.Slice(start, size);
            switch (layout)
            {
                case RopeLayout.HalfSplit:
                    RopeKernel.HalfSplit(pairs, cos, sin, rotated, inverse, accumulate);
                    break;
                case RopeLayout.Interleaved:
                    RopeKernel.Interleaved(pairs, cos, sin, rotated, inverse, accumulate);
                    break;
                default:
                    RopeKernel.InterleavedToHalves(pairs, cos, sin, rotated, inverse, accumulate);
                    break;
            }
        }
    }
}
