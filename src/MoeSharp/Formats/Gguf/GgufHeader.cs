using Microsoft.Win32.SafeHandles;

namespace MoeSharp.Formats.Gguf;

/// <summary>The checked header of one GGUF file: version, metadata, and tensors in the order of their data.</summary>
/// <remarks>
/// <para>Layout of a file: <c>GGUF</c>, version, counts; metadata (key, type, value …); tensor list (name, sizes fastest first, type,
/// offset …); padding; data. Offsets count from the data's start and are multiples of the alignment.</para>
/// <para>Tensors may stand in any order, and their data in another. The data must be used completely: no overlap, and between
/// tensors and after the last nothing but padding to the alignment.</para>
/// <para>Source: github.com/ggml-org/ggml, docs/gguf.md.</para>
/// </remarks>
internal sealed class GgufHeader
{
    /// <summary>Alignment of a file that names none.</summary>
    public const int DefaultAlignment = 32;

    public GgufHeader(int version, int alignment, GgufMetadata metadata, List<StoredTensor> tensors)
    {
        (Version, Alignment, Metadata, Tensors) = (version, alignment, metadata, tensors);
    }

    /// <summary>2 or 3; their layout is the same.</summary>
    public int Version { get; }

    /// <summary>What offsets are multiples of.</summary>
    public int Alignment { get; }

    /// <summary>Keys and values.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>Tensors by rising offset.</summary>
    public List<StoredTensor> Tensors { get; }

    /// <summary>Reads and checks the header of an open file.</summary>
    /// <exception cref="ModelFormatException">The file breaks the format.</exception>
    public static GgufHeader Read(SafeFileHandle handle, string file) => new GgufHeaderReader(new GgufInput(file, handle)).Read();

    /// <summary>Reads and checks the header of a file in memory.</summary>
    /// <exception cref="ModelFormatException">The file breaks the format.</exception>
    public static GgufHeader Read(ReadOnlyMemory<byte> bytes, string file) => new GgufHeaderReader(new GgufInput(file, bytes)).Read();

    /// <summary>The next multiple of the alignment, a power of two.</summary>
    public static long Align(long offset, int alignment) => checked(offset + alignment - 1) & -alignment;
}
