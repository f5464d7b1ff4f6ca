using System.Diagnostics.CodeAnalysis;
using MoeSharp.Tensors;

namespace MoeSharp.Formats;

/// <summary>A set of named tensors in one or several files, read on demand: what a model loads its weights from.</summary>
/// <remarks>
/// <para>A format implements <see cref="ReadBytes"/> and lists its tensors; the conversions are the same for all of them.</para>
/// <para>Safe for concurrent reads. Own it with <c>using</c>; reads after disposal throw <see cref="ObjectDisposedException"/>.</para>
/// </remarks>
public abstract class TensorSource : IDisposable
{
    private protected TensorSource(string path)
    {
        Path = path;
    }

    /// <summary>Path that was opened: a file, or the index of a set of files.</summary>
    public string Path { get; }

    /// <summary>All tensors, in the order of the files and of their data.</summary>
    public abstract IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>Free text that came with the tensors; empty when there is none.</summary>
    public abstract IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Looks a tensor up by its exact name.</summary>
    public abstract bool TryFind(string name, [NotNullWhen(true)] out StoredTensor? tensor);

    /// <summary>Looks a tensor up by its exact name.</summary>
    /// <exception cref="ModelFormatException">There is no tensor of that name.</exception>
    public StoredTensor Find(string name)
    {
        return TryFind(name, out StoredTensor? tensor)
            ? tensor
            : throw new ModelFormatException(Path, $"tensor '{name}'", null, $"is missing. The file holds {Tensors.Count} other tensors.");
    }

    /// <summary>Copies raw bytes of a tensor.</summary>
    /// <param name="tensor">A tensor of this source.</param>
    /// <param name="byteOffset">First byte, counted from the tensor's start.</param>
    /// <param name="destination">Filled completely.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    /// <exception cref="ModelFormatException">The file has shrunk since it was opened.</exception>
    public abstract void ReadBytes(StoredTensor tensor, long byteOffset, Span<byte> destination);

    /// <summary>Reads elements as float32: F32, BF16 and F16 exactly, F64 rounded to nearest, block types by their definition.</summary>
    /// <param name="tensor">A tensor of this source.</param>
    /// <param name="firstElement">First element, counted over the flattened tensor, so that parts of huge tensors can be read.</param>
    /// <param name="destination">Filled completely.</param>
    /// <exception cref="ModelFormatException">The type is neither a plain float nor a block type that is known, or the file has shrunk.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    public void ReadFloat32(StoredTensor tensor, long firstElement, Span<float> destination)
    {
        StoredTensorDecoder.ReadFloat32(this, tensor, firstElement, destination);
    }

    /// <summary>Reads elements as 64-bit integers: BOOL, U8, I8, I16, U16, I32, U32, I64.</summary>
    /// <param name="tensor">A tensor of this source.</param>
    /// <param name="firstElement">First element, counted over the flattened tensor.</param>
    /// <param name="destination">Filled completely.</param>
    /// <exception cref="ModelFormatException">The type is not one of these, or the file has shrunk.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    public void ReadInt64(StoredTensor tensor, long firstElement, Span<long> destination)
    {
        StoredTensorDecoder.ReadInt64(this, tensor, firstElement, destination);
    }

    /// <summary>Reads elements as 32-bit integers, from the same types as 64-bit ones.</summary>
    /// <param name="tensor">A tensor of this source.</param>
    /// <param name="firstElement">First element, counted over the flattened tensor.</param>
    /// <param name="destination">Filled completely.</param>
    /// <exception cref="ModelFormatException">The type is not one of these, a value does not fit in 32 bits, or the file has shrunk.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    public void ReadInt32(StoredTensor tensor, long firstElement, Span<int> destination)
    {
        StoredTensorDecoder.ReadInt32(this, tensor, firstElement, destination);
    }

    /// <summary>Reads a whole tensor as float32 into a new free-standing <see cref="Tensor"/> of the same shape.</summary>
    /// <exception cref="ModelFormatException">It is missing, is neither a plain float nor a known block type, or has more than 4 dimensions.</exception>
    public Tensor ReadTensor(string name)
    {
        StoredTensor stored = Find(name);
        if (stored.Shape.Count > 4)
        {
            throw new ModelFormatException(stored.File, $"tensor '{name}'", stored.Offset, $"has {stored.Shape.Count} dimensions. At most 4 are supported.");
        }

        Tensor tensor = Tensor.Uninitialized(TensorShape.From([.. stored.Shape]));
        ReadFloat32(stored, tensor);
        return tensor;
    }

    /// <summary>Reads a whole tensor as float32 into an existing one of the same element count; shapes may differ.</summary>
    /// <exception cref="ModelFormatException">The type is neither a plain float nor a block type that is known, or the file has shrunk.</exception>
    /// <exception cref="TensorShapeException">The element counts differ.</exception>
    public void ReadFloat32(StoredTensor tensor, Tensor destination)
    {
        if (destination.Length != tensor.ElementCount)
        {
            throw new TensorShapeException($"{tensor}: has {tensor.ElementCount:N0} elements, the destination {destination.Shape} has {destination.Length:N0}.");
        }

        if (destination.Length <= Array.MaxLength)
        {
            ReadFloat32(tensor, 0, destination.Span);
            GC.KeepAlive(destination);
            return;
        }

        // Beyond one span: row by row.
        for (long row = 0; row < destination.Shape.Rows; row++)
        {
            ReadFloat32(tensor, row * destination.Shape.Columns, destination.Row(row));
        }

        GC.KeepAlive(destination);
    }

    /// <summary>Reads a whole tensor as float32 into a new array.</summary>
    /// <exception cref="ModelFormatException">It is missing, is neither a plain float nor a known block type, or has more elements than an array can hold.</exception>
    public float[] ReadFloat32(string name)
    {
        StoredTensor tensor = Find(name);
        var values = new float[ArrayLength(tensor)];
        ReadFloat32(tensor, 0, values);
        return values;
    }

    /// <summary>Reads a whole tensor as 64-bit integers into a new array.</summary>
    /// <exception cref="ModelFormatException">It is missing, is not an integer, or has more elements than an array can hold.</exception>
    public long[] ReadInt64(string name)
    {
        StoredTensor tensor = Find(name);
        var values = new long[ArrayLength(tensor)];
        ReadInt64(tensor, 0, values);
        return values;
    }

    /// <summary>Reads a whole tensor as 32-bit integers into a new array.</summary>
    /// <exception cref="ModelFormatException">It is missing, is not an integer, does not fit, or has more elements than an array can hold.</exception>
    public int[] ReadInt32(string name)
    {
        StoredTensor tensor = Find(name);
        var values = new int[ArrayLength(tensor)];
        ReadInt32(tensor, 0, values);
        return values;
    }

    /// <summary>True where the bytes of a tensor lie in its file as they are read, so that the file can be mapped.</summary>
    internal virtual bool IsInFile(StoredTensor tensor) => File.Exists(tensor.File);

    /// <summary>Where the block of an element lies in the tensor's file: what a fault names.</summary>
    internal virtual long OffsetOf(StoredTensor tensor, long element) =>
        tensor.Offset + (element / tensor.Type.BlockLength() * tensor.Type.BlockBytes());

    /// <summary>Reads 8-bit floats, multiplied by the scales that belong to them.</summary>
    /// <returns>False where there are none: the numbers alone mean nothing.</returns>
    internal virtual bool ReadFloat8(StoredTensor tensor, long first, Span<float> destination) => false;

    /// <summary>The scales of 8-bit floats, rows one after another; null where there are none.</summary>
    internal virtual float[]? ReadScales(StoredTensor tensor) => null;

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the files of this format.</summary>
    protected abstract void Dispose(bool disposing);

    private static int ArrayLength(StoredTensor tensor)
    {
        return tensor.ElementCount <= Array.MaxLength
            ? (int)tensor.ElementCount
            : throw new ModelFormatException(tensor.File, $"tensor '{tensor.Name}'", tensor.Offset,
                $"has {tensor.ElementCount:N0} elements, more than one array holds ({Array.MaxLength:N0}). Read it in parts.");
    }
}
