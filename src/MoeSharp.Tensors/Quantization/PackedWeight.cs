namespace MoeSharp.Tensors.Quantization;

/// <summary>A frozen weight as it is stored: a matrix <c>[N, K]</c>, or one an expert <c>[E, N, K]</c>, in any <see cref="BlockFormat"/>.</summary>
/// <remarks>
/// <para>Layers ask it for a product (<see cref="Autograd.Ops.LinearOp"/>, <see cref="Autograd.Ops.GroupedLinearOp"/>) or for rows
/// (<see cref="Autograd.Ops.EmbeddingOp"/>), never for its format. It lies in memory of its own, or in a file that is mapped.</para>
/// <para>Safe for concurrent reads.</para>
/// </remarks>
public sealed unsafe class PackedWeight
{
    private readonly byte* _pointer;
    private readonly object _owner; // keeps the memory alive

    /// <summary>Takes memory of its own, with undefined content: fill it through <see cref="Bytes"/>.</summary>
    /// <param name="format">How it is stored.</param>
    /// <param name="shape"><c>[N, K]</c> or <c>[E, N, K]</c>; K must be whole blocks.</param>
    /// <exception cref="TensorShapeException">The shape is no matrix or stack of matrices of whole blocks.</exception>
    public PackedWeight(BlockFormat format, TensorShape shape)
        : this(format, shape, new TensorStorage((ByteLengthOf(format, shape) + sizeof(float) - 1) / sizeof(float)))
    {
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
        Format = format;
        Shape = shape;
        ByteLength = ByteLengthOf(format, shape);
        _pointer = file.PointerAt(offset, ByteLength);
        _owner = file;
        IsExact = format.CodeGroup == 0;
        IsMapped = true;
    }

    private PackedWeight(BlockFormat format, TensorShape shape, TensorStorage storage)
    {
        Format = format;
        Shape = shape;
        ByteLength = ByteLengthOf(format, shape);
        _pointer = (byte*)storage.Pointer;
        _owner = storage;
        IsExact = format.CodeGroup == 0;
    }

    /// <summary>How it is stored.</summary>
    public BlockFormat Format { get; }

    /// <summary><c>[N, K]</c> or <c>[E, N, K]</c>.</summary>
    public TensorShape Shape { get; }

    /// <summary>Bytes of all rows.</summary>
    public long ByteLength { get; }

    /// <summary>True when it lies in a mapped file.</summary>
    public bool IsMapped { get; }

    /// <summary>True to multiply the stored values in float32; false to multiply the codes with activations of 8 bits.</summary>
    /// <value>False where the format has codes. Setting it to false where it has none does nothing.</value>
    public bool IsExact
    {
        get;
        set => field = value || Format.CodeGroup == 0;
    }

    /// <summary>Bytes of a row.</summary>
    public long RowBytes => Format.BytesOf(Shape.Columns);

    /// <summary>First byte of a row, counted over all matrices.</summary>
    internal byte* RowPointer(long row) => _pointer + (row * RowBytes);

    /// <summary>Some bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the weight.</exception>
    public Span<byte> Bytes(long start, int length)
    {
        if (start < 0 || length < 0 || start > ByteLength - length)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"weight {Shape} {Format}: has no bytes {start} to {start + length - 1}.");
        }

        return new Span<byte>(_pointer + start, length);
    }

    /// <summary>The values of consecutive rows.</summary>
    /// <param name="first">First row, counted over all matrices.</param>
    /// <param name="values">Filled completely; whole rows.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rows leave the weight.</exception>
    public void Dequantize(long first, Span<float> values)
    {
        if (first < 0 || values.Length % Shape.Columns != 0 || (first * Shape.Columns) + values.Length > Shape.Length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(first), $"weight {Shape} {Format}: {values.Length} values from row {first} are no rows of it.");
        }

        Format.Dequantize(new ReadOnlySpan<byte>(RowPointer(first), checked((int)Format.BytesOf(values.Length))), values);
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
    public override string ToString() => $"{Format} {Shape}";

    private static long ByteLengthOf(BlockFormat format, TensorShape shape)
    {
        if (shape.Rank is not (2 or 3) || shape.Columns % format.BlockLength != 0)
        {
            throw new TensorShapeException(
                $"weight: {shape} cannot be stored as {format}. It must be a matrix, or a stack of them, of rows of whole blocks of {format.BlockLength}.");
        }

        return format.BytesOf(shape.Length);
    }
}
