namespace MoeSharp.Models.Decoding.Families;

/// <summary>A run of numbers that a published tensor and a parameter of ours have in common.</summary>
/// <remarks>In our parameter the run is contiguous. In the published tensor it may be a block of rows and columns that lie apart: a
/// transposed matrix, every second row, rows in another order.</remarks>
/// <param name="Parameter">Name of our parameter.</param>
/// <param name="ParameterStart">First element in our parameter, flattened.</param>
/// <param name="TensorStart">First element in the published tensor, flattened.</param>
/// <param name="Length">Elements.</param>
public readonly record struct WeightSegment(string Parameter, long ParameterStart, long TensorStart, long Length)
{
    /// <summary>Columns of the block: this many elements of ours follow one another in one of its rows.</summary>
    /// <value><see cref="Length"/> where the run is contiguous in the published tensor.</value>
    public long Columns { get; private init; } = Length;

    /// <summary>Elements between the starts of two rows of the block in the published tensor.</summary>
    public long RowStride { get; private init; } = Length;

    /// <summary>Elements between two columns of a row in the published tensor; 1 unless it is stored transposed.</summary>
    public long ColumnStride { get; private init; } = 1;

    /// <summary>Rows of the block.</summary>
    public long Rows => Columns == 0 ? 0 : Length / Columns;

    /// <summary>True where the elements follow one another in the published tensor too.</summary>
    public bool IsContiguous => ColumnStride == 1 && (Rows <= 1 || RowStride == Columns);

    /// <summary>A block whose element (r, c) is our element <c>parameterStart + r·columns + c</c>, and the published one
    /// <c>tensorStart + r·rowStride + c·columnStride</c>.</summary>
    public static WeightSegment Block(
        string parameter, long parameterStart, long rows, long columns, long tensorStart, long rowStride, long columnStride = 1) =>
        new(parameter, parameterStart, tensorStart, rows * columns) { Columns = columns, RowStride = rowStride, ColumnStride = columnStride };

    /// <summary>Where element <paramref name="i"/> of the run is in the published tensor, flattened.</summary>
    public long TensorIndex(long i) => TensorStart + (i / Columns * RowStride) + (i % Columns * ColumnStride);
}
