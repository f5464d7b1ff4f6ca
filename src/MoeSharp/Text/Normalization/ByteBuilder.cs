namespace MoeSharp.Text.Normalization;

/// <summary>Bytes that grow; a mutable struct, to be passed by reference.</summary>
internal struct ByteBuilder(int capacity)
{
    private byte[] _bytes = new byte[capacity];

    /// <summary>Bytes written; may be made less.</summary>
    public int Length { get; set; }

    /// <summary>What has been written.</summary>
    public readonly ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Writes some bytes more.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - Length)
        {
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Length + bytes.Length));
        }

        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }
}
