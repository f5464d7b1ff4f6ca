using MoeSharp.Formats;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Conversion;

/// <summary>A tensor of a file to be written: its name and shape there, and where its numbers come from.</summary>
/// <remarks>Numbers are read when they are asked for, a piece of rows at a time, so that a model never stands in memory.</remarks>
internal abstract class PlannedTensor(string name, IReadOnlyList<long> shape)
{
    /// <summary>About how many elements a piece has: 32 MB.</summary>
    protected const long PieceLength = 1 << 23;

    /// <summary>Its name in the new file.</summary>
    public string Name { get; } = name;

    /// <summary>Its sizes in the new file, outermost first.</summary>
    public IReadOnlyList<long> Shape { get; } = shape;

    /// <summary>Elements of a row.</summary>
    public long Columns => Shape.Count == 0 ? 1 : Shape[^1];

    /// <summary>Elements.</summary>
    public long Length { get; } = shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>The type that all its numbers are stored in now; null when there are several.</summary>
    public abstract StoredType? StoredAs { get; }

    /// <summary>Bytes of its numbers as they are stored now.</summary>
    public abstract long StoredBytes { get; }

    /// <summary>The parameter whose columns are the columns of this tensor; null when they are not.</summary>
    public virtual string? Parameter => null;

    /// <summary>The part of the model, as <c>moe inspect</c> calls it.</summary>
    public abstract string Part { get; }

    /// <summary>The values in the order of the new file.</summary>
    public IEnumerable<ValuePiece> Pieces() => Pieces(0, Length);

    /// <summary>Some of the values in the order of the new file.</summary>
    /// <param name="start">First element; the first of a row, and where the tensor is a stack, of a matrix.</param>
    /// <param name="length">How many; whole rows or matrices.</param>
    public abstract IEnumerable<ValuePiece> Pieces(long start, long length);

    /// <summary>The bytes as they are stored, when the new file has the same numbers in the same order and type; null when it has not.</summary>
    public virtual IEnumerable<ReadOnlyMemory<byte>>? RawBytes() => null;

    /// <summary>A buffer of a length: the one at hand where it has it. Native memory is given back late, so it is used again.</summary>
    protected static Tensor Sized(ref Tensor? buffer, long length) =>
        buffer?.Length == length ? buffer : buffer = Tensor.Uninitialized(new TensorShape(length));

    /// <summary>Elements of a piece: whole rows, at least one.</summary>
    protected static long RowsPiece(long columns) => Math.Max(1, PieceLength / Math.Max(1, columns)) * Math.Max(1, columns);
}
