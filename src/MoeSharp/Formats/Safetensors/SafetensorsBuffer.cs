using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace MoeSharp.Formats.Safetensors;

/// <summary>A safetensors file that is held in memory, as a resource built into a program is.</summary>
/// <remarks>Safe for concurrent reads.</remarks>
public sealed class SafetensorsBuffer : TensorSource
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, StoredTensor> _byName;

    /// <summary>Checks the header.</summary>
    /// <param name="bytes">The whole file; must not change afterwards.</param>
    /// <param name="name">How to call it in messages.</param>
    /// <exception cref="ModelFormatException">The content breaks the format.</exception>
    public SafetensorsBuffer(ReadOnlyMemory<byte> bytes, string name)
        : base(name)
    {
        _bytes = bytes;
        if (bytes.Length < SafetensorsHeader.PrefixLength)
        {
            throw new ModelFormatException(name, "header", 0, $"has {bytes.Length} bytes, too few for a header.");
        }

        ulong claimed = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span);
        int length = SafetensorsHeader.CheckLength(name, claimed, bytes.Length);
        _header = SafetensorsHeader.Parse(name, bytes.Span.Slice(SafetensorsHeader.PrefixLength, length), bytes.Length);
        _byName = _header.Tensors.ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> Tensors => _header.Tensors;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <inheritdoc/>
    public override bool TryFind(string name, [NotNullWhen(true)] out StoredTensor? tensor) => _byName.TryGetValue(name, out tensor);

    /// <inheritdoc/>
    public override void ReadBytes(StoredTensor tensor, long byteOffset, Span<byte> destination)
    {
        if (byteOffset < 0 || byteOffset > tensor.ByteLength - destination.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(byteOffset),
                $"tensor '{tensor.Name}': bytes {byteOffset}..{byteOffset + destination.Length} were asked for, it has {tensor.ByteLength}.");
        }

        _bytes.Span.Slice((int)(tensor.Offset + byteOffset), destination.Length).CopyTo(destination);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // memory has nothing to close
    }
}
