using MoeSharp.Tensors.Quantization.Panels;

namespace MoeSharp.Tensors.Quantization;

/// <summary>A frozen weight as it is stored: a matrix <c>[N, K]</c>, or one an expert <c>[E, N, K]</c>, in any <see cref="BlockFormat"/>.</summary>
/// <remarks>
/// <para>Layers ask it for a product (<see cref="Autograd.Ops.LinearOp"/>, <see cref="Autograd.Ops.GroupedLinearOp"/>) or for rows
/// (<see cref="Autograd.Ops.EmbeddingOp"/>), never for its format. It lies in memory of its own, or in a file that is mapped. The
/// experts of a stack may have formats of their own: more bits where more tokens go.</para>
/// <para>For speed it can be <see cref="Repack">repacked</see>: 16 rows interleaved, every bit kept, and the first copy let go.</para>
/// <para>Safe for concurrent reads.</para>
/// </remarks>
public sealed unsafe class PackedWeight
{
    private const double MostGrowth = 1.05;
    private readonly PackedMatrix[] _matrices; // one, or one an expert
    private readonly (MappedFile File, long Offset)? _mapped; // where it lies, to let the pages go
    private object _owner; // keeps the memory alive

    /// <summary>Takes memory of its own, with undefined content: fill it through <see cref="Bytes"/>.</summary>
    /// <param name="format">How it is stored.</param>
    /// <param name="shape"><c>[N, K]</c> or <c>[E, N, K]</c>; K must be whole blocks.</param>
    /// <exception cref="TensorShapeException">The shape is no matrix or stack of matrices of whole blocks.</exception>
    public PackedWeight(BlockFormat format, TensorShape shape)
    {
        Shape = shape;
        ByteLength = ByteLengthOf(format, shape);
        var storage = new TensorStorage((ByteLength + sizeof(float) - 1) / sizeof(float));
        _owner = storage;
        _matrices = Cut(format, shape, (byte*)storage.Pointer);
        IsExact = false;
    }

    /// <summary>Uses a part of a mapped file.</summary>
    /// <param name="format">How it is stored.</param>
    /// <param name="shape"><c>[N, K]</c> or <c>[E, N, K]</c>; K must be whole blocks.</param>
    /// <param name="file">The file.</param>
    /// <param name="offset">First byte of the weight in it.</param>
    /// <exception cref="TensorShapeException">The shape is no matrix or stack of matrices of whole blocks.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The weight leaves the file.</exception>
    public PackedWeight(BlockFormat format, TensorShape shape, MappedFile file, long offset)
    {
        Shape = shape;
        ByteLength = ByteLengthOf(format, shape);
        _owner = file;
        _mapped = (file, offset);
        _matrices = Cut(format, shape, file.PointerAt(offset, ByteLength));
        IsMapped = true;
        IsExact = false;
    }

    private PackedWeight(PackedWeight weight, BlockScales? scales)
    {
        (Shape, ByteLength, _owner, IsMapped) = (weight.Shape, weight.ByteLength, weight._owner, weight.IsMapped);
        _matrices = Array.ConvertAll(weight._matrices, matrix => matrix.With(scales));
        IsExact = false;
    }

    private PackedWeight(TensorShape shape, PackedWeight[] experts)
    {
        Shape = shape;
        ByteLength = experts.Sum(expert => expert.ByteLength);
        _owner = experts;
        _matrices = [.. experts.Select(expert => expert._matrices[0])];
        IsMapped = experts.All(expert => expert.IsMapped);
        IsExact = false;
    }

    /// <summary>How it is stored; null where the experts of a stack differ.</summary>
    public BlockFormat? Format => Array.TrueForAll(_matrices, matrix => matrix.Format == _matrices[0].Format) ? _matrices[0].Format : null;

    /// <summary><c>[N, K]</c> or <c>[E, N, K]</c>.</summary>
    public TensorShape Shape { get; }

    /// <summary>Bytes of all rows.</summary>
    public long ByteLength { get; }

    /// <summary>True when it lies in a mapped file.</summary>
    public bool IsMapped { get; private set; }

    /// <summary>True to multiply the stored values in float32; false to multiply the codes with activations of 8 bits.</summary>
    /// <value>False where the format has such products. Setting it to false where it has none does nothing.</value>
    public bool IsExact
    {
        get;
        set => field = value || !Array.TrueForAll(_matrices, matrix => matrix.Format.Panels is not null);
    }

    /// <summary>True when rows are interleaved.</summary>
    public bool IsRepacked => _matrices.Length > 0 && Array.TrueForAll(_matrices, matrix => matrix.IsPanels);

    /// <summary>What multiplies it on this machine, as <c>AVX2 panels</c>: what <c>moe bench --kernels</c> lists.</summary>
    public string KernelName => IsExact ? $"float32, {Kernels.Simd.Width} bits" : PanelScheme.KernelName + " panels";

    /// <summary>Interleaves rows 16 by 16, the order in which products read them, and lets the memory or the pages of the file go.</summary>
    /// <remarks>Values, results and <see cref="Dequantize"/> stay the same in every bit. It takes about the time of reading and writing the
    /// weight once, and at most 5 % more memory than before; while it runs, both copies of this weight exist. Not for use while others read it.</remarks>
    /// <param name="workers">Threads.</param>
    /// <returns>False where it would not help: exact products, no vectors, or matrices too small.</returns>
    public bool Repack(Workers workers)
    {
        if (IsExact || IsRepacked || PanelWidth.Chosen == 0 || _matrices.Length == 0)
        {
            return false;
        }

        int columns = checked((int)Shape.Columns), rows = checked((int)(Shape.Rows / _matrices.Length));
        int panels = (rows + PanelScheme.Rows - 1) / PanelScheme.Rows;
        long[] offsets = new long[_matrices.Length + 1];
        for (int e = 0; e < _matrices.Length; e++)
        {
            offsets[e + 1] = offsets[e] + (panels * _matrices[e].Format.Panels!.PanelBytes(columns));
        }

        if (offsets[^1] > ByteLength * MostGrowth)
        {
            return false;
        }

        var storage = new TensorStorage((offsets[^1] + sizeof(float) - 1) / sizeof(float));
        var target = (byte*)storage.Pointer;
        workers.Run(checked(_matrices.Length * panels), new PackWork(_matrices, target, offsets, rows, panels));
        for (int e = 0; e < _matrices.Length; e++)
        {
            _matrices[e] = new PackedMatrix(_matrices[e].Format, target + offsets[e], columns, isPanels: true);
        }

        LetGo();
        _owner = storage;
        IsMapped = false;
        return true;
    }

    /// <summary>Experts side by side, each stored in a format of its own.</summary>
    /// <param name="experts">A matrix <c>[N, K]</c> an expert, all of one shape.</param>
    /// <returns>The stack <c>[E, N, K]</c>.</returns>
    /// <exception cref="TensorShapeException">There are none, or their shapes differ.</exception>
    public static PackedWeight Stack(IReadOnlyList<PackedWeight> experts)
    {
        if (experts.Count == 0 || experts.Any(expert => expert.Shape.Rank != 2 || !expert.Shape.Equals(experts[0].Shape)))
        {
            throw new TensorShapeException(
                $"weight: a stack needs matrices of one shape, got {string.Join(", ", experts.Take(4).Select(expert => expert.Shape))}.");
        }

        return new PackedWeight(new TensorShape(experts.Count, experts[0].Shape[0], experts[0].Shape[1]), [.. experts]);
    }

    /// <summary>The same weight, whose numbers are multiplied by scales that stand beside them.</summary>
    /// <param name="scales">Scales of the matrix, or of every matrix of a stack alike; null for none.</param>
    internal PackedWeight WithScales(BlockScales? scales) => new(this, scales);

    /// <summary>How the matrix of an expert is stored.</summary>
    /// <param name="expert">The expert; 0 where there is one matrix.</param>
    public BlockFormat FormatOf(int expert) => _matrices[expert].Format;

    /// <summary>Some bytes of the matrix of an expert.</summary>
    /// <param name="start">First byte, counted over the matrix, or over all of them where they have one format.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="expert">The expert; 0 also stands for the first byte of all where they have one format.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the weight.</exception>
    /// <exception cref="InvalidOperationException">The weight is repacked.</exception>
    public Span<byte> Bytes(long start, int length, int expert = 0)
    {
        if (IsRepacked)
        {
            throw new InvalidOperationException($"weight {this}: its rows are interleaved. Take its bytes before it is repacked, or its values.");
        }

        long end = Format is null ? MatrixBytes(expert) : ByteLength - (expert * MatrixBytes(0));
        if (start < 0 || length < 0 || start > end - length)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"weight {this}: has no bytes {start} to {start + length - 1}.");
        }

        return new Span<byte>(_matrices[expert].Pointer + start, length);
    }

    /// <summary>The values of consecutive rows.</summary>
    /// <param name="first">First row, counted over all matrices.</param>
    /// <param name="values">Filled completely; whole rows of one matrix, or of all where they have one format.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rows leave the weight.</exception>
    public void Dequantize(long first, Span<float> values)
    {
        if (first < 0 || values.Length % Shape.Columns != 0 || (first * Shape.Columns) + values.Length > Shape.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(first), $"weight {this}: {values.Length} values from row {first} are no rows of it.");
        }

        long rows = Shape.Rows / _matrices.Length;
        while (values.Length > 0)
        {
            long expert = first / rows, inside = first % rows;
            int length = (int)Math.Min(values.Length, (rows - inside) * Shape.Columns);
            _matrices[expert].Dequantize(inside, values[..length]);
            values = values[length..];
            first += rows - inside;
        }

        GC.KeepAlive(_owner);
    }

    /// <summary>A float32 copy.</summary>
    public Tensor ToTensor()
    {
        Tensor tensor = Tensor.Uninitialized(Shape);
        for (long row = 0; row < Shape.Rows; row++)
        {
            Dequantize(row, tensor.Row(row));
        }

        return tensor;
    }

    /// <summary>Format and shape.</summary>
    public override string ToString() => $"{Format?.Name ?? "mixed"} {Shape}";

    /// <summary>The matrix of an expert; 0 where there is one.</summary>
    internal PackedMatrix Matrix(int expert) => _matrices[expert];

    private static long ByteLengthOf(BlockFormat format, TensorShape shape)
    {
        if (shape.Rank is not (2 or 3) || shape.Columns % format.BlockLength != 0)
        {
            throw new TensorShapeException(
                $"weight: {shape} cannot be stored as {format}. It must be a matrix, or a stack of them, of rows of whole blocks of {format.BlockLength}.");
        }

        return format.BytesOf(shape.Length);
    }

    private static PackedMatrix[] Cut(BlockFormat format, TensorShape shape, byte* pointer)
    {
        var matrices = new PackedMatrix[shape.Rank == 3 ? checked((int)shape[0]) : 1];
        long bytes = matrices.Length == 0 ? 0 : format.BytesOf(shape.Length / matrices.Length);
        for (int e = 0; e < matrices.Length; e++)
        {
            matrices[e] = new PackedMatrix(format, pointer + (e * bytes), checked((int)shape.Columns), isPanels: false);
        }

        return matrices;
    }

    private long MatrixBytes(int expert) => _matrices[expert].Format.BytesOf(Shape.Length / _matrices.Length);

    /// <summary>Pages of a mapped file stay in memory while they are mapped and touched: they may go now.</summary>
    private void LetGo()
    {
        if (_mapped is { } mapped)
        {
            mapped.File.Release(mapped.Offset, ByteLength);
        }
        else if (_owner is PackedWeight[] experts)
        {
            Array.ForEach(experts, expert => expert.LetGo());
        }
    }

    private readonly struct PackWork(PackedMatrix[] matrices, byte* target, long[] offsets, int rows, int panels) : IWork
    {
        public void Run(int item, int worker)
        {
            int expert = item / panels, first = item % panels * PanelScheme.Rows;
            PackedMatrix matrix = matrices[expert];
            long panelBytes = matrix.Format.Panels!.PanelBytes(matrix.Columns);
            matrix.Panel(first, rows - first, target + offsets[expert] + (item % panels * panelBytes));
        }
    }
}
