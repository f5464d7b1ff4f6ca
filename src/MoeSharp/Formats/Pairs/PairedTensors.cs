using System.Diagnostics.CodeAnalysis;

namespace MoeSharp.Formats.Pairs;

/// <summary>A source in which weights that are published as numbers and scales are seen as one tensor each.</summary>
/// <remarks>Bytes of such a weight are made when they are asked for; all other tensors are those of the source. Safe for concurrent
/// reads.</remarks>
internal sealed class PairedTensors : TensorSource
{
    private readonly TensorSource _source;
    private readonly List<StoredTensor> _tensors = [];
    private readonly Dictionary<string, StoredTensor> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<StoredTensor, TensorPair> _pairs = [];

    private PairedTensors(TensorSource source, Dictionary<string, TensorPair> pairs, HashSet<string> scales)
        : base(source.Path)
    {
        _source = source;
        foreach (StoredTensor tensor in source.Tensors.Where(tensor => !scales.Contains(tensor.Name)))
        {
            StoredTensor seen = tensor;
            if (pairs.TryGetValue(tensor.Name, out TensorPair? pair))
            {
                seen = pair.Seen;
                _pairs.Add(seen, pair);
            }

            _tensors.Add(seen);
            _byName.Add(seen.Name, seen);
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> Tensors => _tensors;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata => _source.Metadata;

    /// <summary>The source, or a view of it where it has pairs; closing the view closes the source.</summary>
    /// <exception cref="ModelFormatException">Numbers and scales of a pair do not fit each other.</exception>
    public static TensorSource Of(TensorSource source)
    {
        var pairs = new Dictionary<string, TensorPair>(StringComparer.Ordinal);
        var scales = new HashSet<string>(StringComparer.Ordinal);
        foreach (StoredTensor tensor in source.Tensors)
        {
            if (((TensorPair?)Mxfp4Pair.Find(source, tensor) ?? Fp8Pair.Find(source, tensor)) is { } pair)
            {
                pairs.Add(tensor.Name, pair);
                scales.Add(pair.Scales.Name);
            }
        }

        return pairs.Count == 0 ? source : new PairedTensors(source, pairs, scales);
    }

    /// <inheritdoc/>
    public override bool TryFind(string name, [NotNullWhen(true)] out StoredTensor? tensor) => _byName.TryGetValue(name, out tensor);

    /// <inheritdoc/>
    public override void ReadBytes(StoredTensor tensor, long byteOffset, Span<byte> destination)
    {
        if (!_pairs.TryGetValue(tensor, out TensorPair? pair))
        {
            _source.ReadBytes(tensor, byteOffset, destination);
            return;
        }

        if (byteOffset < 0 || byteOffset > tensor.ByteLength - destination.Length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(byteOffset),
                $"{tensor}: bytes {byteOffset}..{byteOffset + destination.Length} were asked for, it has {tensor.ByteLength}.");
        }

        pair.ReadBytes(_source, byteOffset, destination);
    }

    /// <inheritdoc/>
    internal override bool IsInFile(StoredTensor tensor) =>
        (!_pairs.TryGetValue(tensor, out TensorPair? pair) || pair.IsInFile) && _source.IsInFile(tensor);

    /// <inheritdoc/>
    internal override long OffsetOf(StoredTensor tensor, long element) =>
        _pairs.TryGetValue(tensor, out TensorPair? pair) ? pair.OffsetOf(element) : base.OffsetOf(tensor, element);

    /// <inheritdoc/>
    internal override bool ReadFloat8(StoredTensor tensor, long first, Span<float> destination)
    {
        if (!_pairs.TryGetValue(tensor, out TensorPair? pair) || pair is not Fp8Pair numbers)
        {
            return false;
        }

        numbers.ReadValues(_source, first, destination);
        return true;
    }

    /// <inheritdoc/>
    internal override float[]? ReadScales(StoredTensor tensor) =>
        _pairs.TryGetValue(tensor, out TensorPair? pair) && pair is Fp8Pair numbers ? numbers.ReadScales(_source) : null;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source.Dispose();
        }
    }
}
