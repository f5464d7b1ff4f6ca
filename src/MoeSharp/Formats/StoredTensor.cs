namespace MoeSharp.Formats;

/// <summary>Where one tensor lies in a file, and how it is written there. Holds no values.</summary>
/// <remarks>
/// <para>The range <c>[Offset, Offset + ByteLength)</c> was checked against the file when it was opened, and the byte length
/// against shape and type; both may exceed 2 GiB.</para>
/// </remarks>
public sealed class StoredTensor
{
    internal StoredTensor(string name, StoredType type, long[] shape, string file, long offset, long byteLength)
    {
        Name = name;
        Type = type;
        Shape = shape;
        File = file;
        Offset = offset;
        ByteLength = byteLength;

        // The reader checked the product in 64 bits; a zero anywhere makes it zero whatever the order.
        long count = 1;
        foreach (long size in shape)
        {
            count = unchecked(count * size);
        }

        ElementCount = Array.IndexOf(shape, 0L) >= 0 ? 0 : count;
    }

    /// <summary>Name as written in the file; may be empty and may hold any character.</summary>
    public string Name { get; }

    /// <summary>How the elements are written.</summary>
    public StoredType Type { get; }

    /// <summary>Sizes, outermost first; empty for a scalar, which has one element.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Product of the sizes: 1 for a scalar.</summary>
    public long ElementCount { get; }

    /// <summary>Path of the file that holds the values.</summary>
    public string File { get; }

    /// <summary>Absolute byte offset of the first value in <see cref="File"/>.</summary>
    public long Offset { get; }

    /// <summary>Bytes the values take.</summary>
    public long ByteLength { get; }

    /// <summary>Name, type, shape and place, for messages: <c>tensor 'x' F32 [2, 3]</c>.</summary>
    public override string ToString() => $"tensor '{Name}' {Type.Name()} [{string.Join(", ", Shape)}]";
}
