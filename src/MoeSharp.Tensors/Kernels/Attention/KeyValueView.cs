namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Where the keys and values of one sequence lie. Strides count elements; the type is float, or bfloat16 as <see cref="IsBFloat16"/> says.</summary>
/// <remarks>Keys are panels <c>[d, 64]</c> (transposed, 64 positions side by side), values are rows.</remarks>
internal unsafe struct KeyValueView
{
    public byte* Keys;
    public byte* Values;
    public long KeyChunkStride;
    public long KeyHeadStride;
    public long ValueChunkStride;
    public long ValueHeadStride;
    public int ValueRowStride;
    public bool IsBFloat16;

    /// <summary>First element of the key panel of a chunk and head.</summary>
    public readonly byte* KeyPanel(int chunk, int head) => Keys + (((chunk * KeyChunkStride) + (head * KeyHeadStride)) * (IsBFloat16 ? 2 : 4));

    /// <summary>First element of the values of a chunk and head.</summary>
    public readonly byte* ValueRows(int chunk, int head) => Values + (((chunk * ValueChunkStride) + (head * ValueHeadStride)) * (IsBFloat16 ? 2 : 4));
}
