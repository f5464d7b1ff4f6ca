namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Where the keys and values of one sequence lie, and how they are stored. Strides count bytes.</summary>
/// <remarks>
/// <para>Keys are panels <c>[d, 64]</c> (transposed, 64 positions side by side); values are strips of 64 columns <c>[64, 64]</c>, the last one
/// narrower where dv is no multiple. So whoever reads 64 numbers of a row at a time reads memory in order. Or values are the first rows
/// of the key panel, and are not kept a second time; or they are rows of a tensor.</para>
/// <para><see cref="DType.Q80"/>: in a panel every 32 rows (2048 codes) are followed by the scales of their 64 blocks; a strip is followed by
/// its scales <c>[64, 2]</c>. A code is a signed byte, a scale a binary16; their product is exact in float32.</para>
/// </remarks>
internal unsafe struct KeyValueView
{
    /// <summary>Elements that share a scale.</summary>
    public const int Block = 32;

    /// <summary>Bytes of a scale.</summary>
    public const int ScaleBytes = 2;

    /// <summary>Columns of a strip of values.</summary>
    public const int Strip = 64;

    /// <summary>Bytes of 32 rows of a panel of blocks, their scales included.</summary>
    public const int PanelBlockBytes = AttentionShape.Chunk * (Block + ScaleBytes);

    public byte* Keys;
    public byte* Values;
    public long ChunkStride;
    public long HeadStride;
    public long ValueChunkStride;
    public long ValueHeadStride;

    /// <summary>Size of a value.</summary>
    public int ValueSize;

    /// <summary>Elements from one value to the next where they are rows of a tensor; 0 where they are strips.</summary>
    public int ValueRowStride;

    public DType Type;

    /// <summary>True where values are the first columns of the keys (latent attention): <see cref="Values"/> is then the key panel.</summary>
    public bool ValuesAreKeys;

    /// <summary>Bytes of 64 keys or values of one head.</summary>
    public static long ChunkBytes(DType type, int size) => type switch
    {
        DType.F32 => (long)AttentionShape.Chunk * size * sizeof(float),
        DType.BF16 => (long)AttentionShape.Chunk * size * sizeof(ushort),
        _ => (long)size / Block * PanelBlockBytes,
    };

    /// <summary>Start of the key panel of a chunk and head.</summary>
    public readonly byte* KeyPanel(int chunk, int head) => Keys + (chunk * ChunkStride) + (head * HeadStride);

    /// <summary>Start of the values of a chunk and head.</summary>
    public readonly byte* ValuesOf(int chunk, int head) => Values + (chunk * ValueChunkStride) + (head * ValueHeadStride);

    /// <summary>Where the scales of a key block begin: those of 64 positions.</summary>
    public static ushort* KeyScales(byte* panel, int block) =>
        (ushort*)(panel + ((long)block * PanelBlockBytes) + (Block * AttentionShape.Chunk));

    /// <summary>Where the scales of a value in a strip of <paramref name="width"/> columns begin.</summary>
    public static ushort* ValueScales(byte* strip, int place, int width) =>
        (ushort*)(strip + ((long)AttentionShape.Chunk * width)) + (place * (width / Block));

    /// <summary>The strip that begins at a column.</summary>
    /// <param name="values">The values of a chunk and head.</param>
    /// <param name="column">A multiple of <see cref="Strip"/>.</param>
    /// <param name="width">Its columns.</param>
    /// <param name="stride">Elements from one value to the next.</param>
    public readonly byte* ValueStrip(byte* values, int column, out int width, out int stride)
    {
        width = Math.Min(Strip, ValueSize - column);
        stride = ValueRowStride == 0 ? width : ValueRowStride;
        return values + (ValueRowStride == 0 ? ChunkBytes(Type, column) : (long)column * sizeof(float));
    }

    /// <summary>One number of one key: the definition of what is stored.</summary>
    public readonly float Key(byte* panel, int place, int column)
    {
        long index = ((long)column * AttentionShape.Chunk) + place;
        switch (Type)
        {
            case DType.F32:
                return ((float*)panel)[index];
            case DType.BF16:
                return BFloat16Kernel.Widen(((ushort*)panel)[index]);
            default:
                int block = column / Block;
                sbyte code = ((sbyte*)panel)[index + ((long)block * ScaleBytes * AttentionShape.Chunk)];
                return code * Float16Kernel.Widen(KeyScales(panel, block)[place]);
        }
    }

    /// <summary>One number of one value: the definition of what is stored.</summary>
    public readonly float Value(byte* values, int place, int column)
    {
        if (ValuesAreKeys)
        {
            return Key(values, place, column);
        }

        byte* strip = ValueStrip(values, column / Strip * Strip, out int width, out int stride);
        long index = ((long)place * stride) + (column % Strip);
        return Type switch
        {
            DType.F32 => ((float*)strip)[index],
            DType.BF16 => BFloat16Kernel.Widen(((ushort*)strip)[index]),
            _ => ((sbyte*)strip)[index] * Float16Kernel.Widen(ValueScales(strip, place, width)[column % Strip / Block]),
        };
    }
}
