namespace MoeSharp.Formats.Pairs;

/// <summary>Two stored tensors, numbers and their scales, that are one weight.</summary>
/// <param name="numbers">Published numbers.</param>
/// <param name="scales">What they are multiplied by.</param>
/// <param name="seen">The weight that both are seen as.</param>
internal abstract class TensorPair(StoredTensor numbers, StoredTensor scales, StoredTensor seen)
{
    /// <summary>Published numbers.</summary>
    public StoredTensor Numbers => numbers;

    /// <summary>What they are multiplied by.</summary>
    public StoredTensor Scales => scales;

    /// <summary>The weight that both are seen as.</summary>
    public StoredTensor Seen => seen;

    /// <summary>True where the bytes of <see cref="Seen"/> are those of <see cref="Numbers"/>.</summary>
    public virtual bool IsInFile => false;

    /// <summary>Where the block of an element lies in the file of the numbers.</summary>
    public abstract long OffsetOf(long element);

    /// <summary>Makes bytes of the weight; the range was checked.</summary>
    /// <param name="source">Where both tensors are.</param>
    /// <param name="offset">First byte of <see cref="Seen"/>.</param>
    /// <param name="destination">Filled completely.</param>
    public abstract void ReadBytes(TensorSource source, long offset, Span<byte> destination);
}
