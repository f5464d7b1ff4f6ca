using System.Globalization;

namespace MoeSharp.Tensors;

/// <summary>The sizes of a tensor, outermost first; rank 0 (a scalar) to 4. Sizes are 64-bit: a stack of experts may exceed 2³¹ elements.</summary>
public readonly struct TensorShape : IEquatable<TensorShape>
{
    private readonly long _size0;
    private readonly long _size1;
    private readonly long _size2;
    private readonly long _size3;

    /// <summary>A vector <c>[size0]</c>.</summary>
    public TensorShape(long size0)
        : this(1, size0, 1, 1, 1)
    {
    }

    /// <summary>A matrix <c>[size0, size1]</c>.</summary>
    public TensorShape(long size0, long size1)
        : this(2, size0, size1, 1, 1)
    {
    }

    /// <summary>A stack of matrices <c>[size0, size1, size2]</c>.</summary>
    public TensorShape(long size0, long size1, long size2)
        : this(3, size0, size1, size2, 1)
    {
    }

    /// <summary>Four dimensions.</summary>
    public TensorShape(long size0, long size1, long size2, long size3)
        : this(4, size0, size1, size2, size3)
    {
    }

    private TensorShape(int rank, long size0, long size1, long size2, long size3)
    {
        if ((size0 | size1 | size2 | size3) < 0)
        {
            Throw.Shape($"shape: sizes must not be negative, got [{size0}, {size1}, {size2}, {size3}].");
        }

        Rank = rank;
        _size0 = size0;
        _size1 = size1;
        _size2 = size2;
        _size3 = size3;
        Length = rank == 0 ? 1 : checked(size0 * size1 * size2 * size3);
    }

    /// <summary>The shape of a single number.</summary>
    public static TensorShape Scalar { get; } = new(0, 1, 1, 1, 1);

    /// <summary>Count of dimensions, 0 to 4.</summary>
    public int Rank { get; }

    /// <summary>Count of elements.</summary>
    public long Length { get; }

    /// <summary>Size of the last dimension; 1 for a scalar.</summary>
    public long Columns => Rank == 0 ? 1 : this[Rank - 1];

    /// <summary>Product of all dimensions but the last.</summary>
    public long Rows => Rank switch
    {
        0 or 1 => 1,
        2 => _size0,
        3 => _size0 * _size1,
        _ => _size0 * _size1 * _size2,
    };

    /// <summary>Size of one dimension; negative counts from the end.</summary>
    public long this[int dimension]
    {
        get
        {
            int index = dimension < 0 ? Rank + dimension : dimension;
            if ((uint)index >= (uint)Rank)
            {
                throw new ArgumentOutOfRangeException(nameof(dimension), $"shape: {this} has no dimension {dimension}.");
            }

            return index switch { 0 => _size0, 1 => _size1, 2 => _size2, _ => _size3 };
        }
    }

    /// <summary>From a list of sizes, as files store them.</summary>
    public static TensorShape From(ReadOnlySpan<long> sizes) => sizes.Length switch
    {
        0 => Scalar,
        1 => new(sizes[0]),
        2 => new(sizes[0], sizes[1]),
        3 => new(sizes[0], sizes[1], sizes[2]),
        4 => new(sizes[0], sizes[1], sizes[2], sizes[3]),
        _ => throw new TensorShapeException($"shape: {sizes.Length} dimensions are too many. At most 4 are supported."),
    };

    /// <summary>The sizes as an array.</summary>
    public long[] ToArray()
    {
        long[] sizes = new long[Rank];
        for (int i = 0; i < sizes.Length; i++)
        {
            sizes[i] = this[i];
        }

        return sizes;
    }

    /// <inheritdoc/>
    public bool Equals(TensorShape other) => Rank == other.Rank && _size0 == other._size0 && _size1 == other._size1
        && _size2 == other._size2 && _size3 == other._size3;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is TensorShape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rank, _size0, _size1, _size2, _size3);

    /// <summary>Same rank and sizes.</summary>
    public static bool operator ==(TensorShape left, TensorShape right) => left.Equals(right);

    /// <summary>Another rank or another size.</summary>
    public static bool operator !=(TensorShape left, TensorShape right) => !left.Equals(right);

    /// <summary>As <c>[4, 64]</c>.</summary>
    public override string ToString() =>
        "[" + string.Join(", ", ToArray().Select(size => size.ToString(CultureInfo.InvariantCulture))) + "]";
}
