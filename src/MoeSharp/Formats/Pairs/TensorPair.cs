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

    /// <summary>The weight that both are seen as; its bytes are in no file.</summary>
    public StoredTensor Seen => seen;

    /// <summary>Makes bytes of the weight; the range was checked.</summary>
    /// <param name="source">Where both tensors are.</param>
    /// <param name="offset">First byte of <see cref="Seen"/>.</param>
    /// <param name="destination">Filled completely.</param>
    public abstract void ReadBytes(TensorSource source, long offset, Span<byte> destination);
}
