namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Where the keys and values of one sequence lie. Strides count elements; the type is float, or bfloat16 as <see cref="IsBFloat16"/> says.</summary>
/// <remarks>Keys are panels <c>[d, 64]</c> (transposed, 64 positions side by side), values are rows; or values are the first rows of the
/// key panel, and are turned a chunk at a time.</remarks>
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

    /// <summary>True where values are the first columns of the keys (latent attention): <see cref="Values"/> is then the key panel.</summary>
    public bool ValuesAreKeys;

    /// <summary>From one column of a value to the next.</summary>
    public readonly int ValueColumnStride => ValuesAreKeys ? AttentionShape.Chunk : 1;

    /// <summary>First element of the key panel of a chunk and head.</summary>
    public readonly byte* KeyPanel(int chunk, int head) => Keys + (((chunk * KeyChunkStride) + (head * KeyHeadStride)) * (IsBFloat16 ? 2 : 4));

    /// <summary>First element of the values of a chunk and head.</summary>
    public readonly byte* ValueRows(int chunk, int head) => Values + (((chunk * ValueChunkStride) + (head * ValueHeadStride)) * (IsBFloat16 ? 2 : 4));

    /// <summary>A chunk as float32: in place, or widened and turned into <paramref name="wide"/> <c>[64·(d + dv)]</c>.</summary>
    /// <param name="chunk">Which 64 positions.</param>
    /// <param name="head">Which head.</param>
    /// <param name="keySize">Size of a key.</param>
    /// <param name="valueSize">Size of a value.</param>
    /// <param name="count">Positions of the chunk that exist.</param>
    /// <param name="wide">Room for the widened.</param>
    /// <param name="panel">Keys <c>[d, 64]</c>.</param>
    /// <param name="values">First value row.</param>
    /// <param name="valueStride">From one value row to the next.</param>
    public readonly void Chunk(
        int chunk, int head, int keySize, int valueSize, int count, float* wide, out float* panel, out float* values, out long valueStride)
    {
        panel = (float*)KeyPanel(chunk, head);
        values = (float*)ValueRows(chunk, head);
        valueStride = ValueRowStride;
        if (IsBFloat16)
        {
            int keys = AttentionShape.Chunk * keySize;
            BFloat16Kernel.Widen(new ReadOnlySpan<ushort>(panel, keys), new Span<float>(wide, keys));
            if (!ValuesAreKeys)
            {
                BFloat16Kernel.Widen(new ReadOnlySpan<ushort>(values, count * valueSize), new Span<float>(wide + keys, count * valueSize));
            }

            panel = wide;
            values = wide + keys;
            valueStride = valueSize;
        }

        if (ValuesAreKeys)
        {
            values = wide + (AttentionShape.Chunk * keySize);
            valueStride = valueSize;
            TurnKernel.Run(panel, values, count, valueSize);
        }
    }
}
