using MoeSharp.Tensors.Kernels.Attention;

namespace MoeSharp.Tensors;

/// <summary>The keys and values of one sequence in one layer, in the order and type that attention reads fastest.</summary>
/// <remarks>
/// <para>Layout: chunks of 64 positions; in a chunk, for each head, the keys transposed <c>[d, 64]</c> and then the values in strips of 64
/// columns <c>[dv / 64, 64, 64]</c>. So a new query streams through memory in order, and scores of 64 keys are computed side by side.</para>
/// <para>Where values are the first dv numbers of their keys (latent attention), <see cref="SharesValues"/> keeps them once: keys alone,
/// d numbers a position and head.</para>
/// <para>Grows by doubling when <see cref="Capacity"/> is exceeded; allocates nothing before. Belongs to one thread at a time.</para>
/// <para>Keys and values are rounded to the type when they come in, and every query, those of the same prompt included, sees the rounded
/// ones. <see cref="DType.BF16"/>: to nearest, ties to even. <see cref="DType.Q80"/>: 32 numbers of a key or value become signed bytes with
/// one binary16 scale, the largest of them / 127; the error is at most half a scale.</para>
/// </remarks>
public sealed class KeyValueMemory
{
    private TensorStorage _storage;

    /// <summary>An empty memory.</summary>
    /// <param name="keyValueHeadCount">Heads, G.</param>
    /// <param name="headSize">Size of a key, d.</param>
    /// <param name="valueHeadSize">Size of a value, dv.</param>
    /// <param name="capacity">Positions to reserve room for.</param>
    /// <param name="type">F32, BF16, or Q80 where sizes are multiples of 32.</param>
    /// <param name="sharesValues">True when a value is the first dv numbers of its key.</param>
    public KeyValueMemory(
        int keyValueHeadCount, int headSize, int valueHeadSize, int capacity, DType type = DType.F32, bool sharesValues = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keyValueHeadCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(valueHeadSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        if (type is not (DType.F32 or DType.BF16 or DType.Q80))
        {
            throw new ArgumentException($"key-value memory: the type {type} is not supported. Use F32, BF16 or Q8_0.", nameof(type));
        }

        if (type == DType.Q80 && (headSize % KeyValueView.Block != 0 || valueHeadSize % KeyValueView.Block != 0))
        {
            throw new ArgumentException(
                $"key-value memory: Q8_0 keeps blocks of {KeyValueView.Block}, and keys of {headSize} or values of {valueHeadSize} are no "
                + "multiple of it. Use F32 or BF16.", nameof(type));
        }

        if (sharesValues && valueHeadSize > headSize)
        {
            throw new ArgumentException(
                $"key-value memory: values of {valueHeadSize} cannot be a part of keys of {headSize}. Keep them apart.", nameof(sharesValues));
        }

        SharesValues = sharesValues;
        KeyValueHeadCount = keyValueHeadCount;
        HeadSize = headSize;
        ValueHeadSize = valueHeadSize;
        Type = type;
        Capacity = RoundUp(capacity);
        _storage = Allocate(Capacity);
    }

    /// <summary>Heads, G.</summary>
    public int KeyValueHeadCount { get; }

    /// <summary>Size of a key, d.</summary>
    public int HeadSize { get; }

    /// <summary>Size of a value, dv.</summary>
    public int ValueHeadSize { get; }

    /// <summary>True when values are the first numbers of their keys, and not kept a second time.</summary>
    public bool SharesValues { get; }

    /// <summary>How numbers are kept.</summary>
    public DType Type { get; }

    /// <summary>Positions held.</summary>
    public int Length { get; private set; }

    /// <summary>Positions that fit before it grows; a multiple of 64.</summary>
    public int Capacity { get; private set; }

    /// <summary>Bytes reserved.</summary>
    public long Bytes => _storage.Capacity * sizeof(float);

    /// <summary>Bytes of one chunk of 64 positions, all heads.</summary>
    private long ChunkBytes => KeyValueHeadCount * HeadBytes;

    /// <summary>Bytes of one chunk of 64 positions and one head.</summary>
    private long HeadBytes => KeyValueView.ChunkBytes(Type, HeadSize) + (SharesValues ? 0 : KeyValueView.ChunkBytes(Type, ValueHeadSize));

    /// <summary>Adds positions at the end.</summary>
    /// <param name="keys"><c>[rows, G·d]</c>.</param>
    /// <param name="values"><c>[rows, G·dv]</c>; not looked at where they are a part of the keys.</param>
    /// <exception cref="TensorShapeException">The shapes do not fit.</exception>
    public unsafe void Append(Tensor keys, Tensor values)
    {
        Throw.UnlessColumns("key-value memory: keys", keys, (long)KeyValueHeadCount * HeadSize);
        Throw.UnlessColumns("key-value memory: values", values, (long)KeyValueHeadCount * ValueHeadSize);
        if (keys.Rows != values.Rows)
        {
            Throw.Shape($"key-value memory: got {keys.Rows} keys and {values.Rows} values. There must be as many.");
        }

        int position = Length;
        Extend(keys.Rows);
        var shape = new AttentionShape { KeyValueHeadCount = KeyValueHeadCount, HeadSize = HeadSize, ValueHeadSize = ValueHeadSize };
        for (int head = 0; head < KeyValueHeadCount; head++)
        {
            KeyValuePackKernel.Append(
                View(), head, shape, keys.Pointer + ((long)head * HeadSize), values.Pointer + ((long)head * ValueHeadSize), position, keys.Rows);
        }

        GC.KeepAlive(keys);
        GC.KeepAlive(values);
    }

    /// <summary>Forgets all positions from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <summary>Makes room for <paramref name="capacity"/> positions.</summary>
    public unsafe void Reserve(int capacity)
    {
        if (capacity <= Capacity)
        {
            return;
        }

        int rounded = RoundUp(capacity);
        TensorStorage grown = Allocate(rounded);
        long bytes = Chunks(Length) * ChunkBytes;
        Buffer.MemoryCopy(_storage.Pointer, grown.Pointer, grown.Capacity * sizeof(float), bytes);
        _storage = grown;
        Capacity = rounded;
    }

    /// <summary>Becomes a copy of the first <paramref name="length"/> positions of another memory of the same sizes and type.</summary>
    /// <exception cref="ArgumentException">Sizes or type differ.</exception>
    public unsafe void CopyFrom(KeyValueMemory source, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, source.Length);
        if (source.KeyValueHeadCount != KeyValueHeadCount || source.HeadSize != HeadSize
            || source.ValueHeadSize != ValueHeadSize || source.SharesValues != SharesValues || source.Type != Type)
        {
            throw new ArgumentException($"key-value memory: cannot copy {source} into {this}. Heads, sizes and type must be equal.", nameof(source));
        }

        Length = 0;
        Reserve(length);
        Buffer.MemoryCopy(source._storage.Pointer, _storage.Pointer, Bytes, Chunks(length) * ChunkBytes);
        Length = length;
    }

    /// <summary>As <c>BF16 8 × (128 + 128), 40 of 64 positions</c>, or <c>F32 1 × (576, values 512 of them), …</c>.</summary>
    public override string ToString() =>
        $"{Type} {KeyValueHeadCount} × ({HeadSize}{(SharesValues ? $", values {ValueHeadSize} of them" : $" + {ValueHeadSize}")}), {Length} of {Capacity} positions";

    /// <summary>Makes room for positions at the end, and counts them; whoever asks writes them.</summary>
    internal void Extend(int rows)
    {
        int end = checked(Length + rows);
        if (end > Capacity)
        {
            Reserve(Math.Max(end, (int)Math.Min(2L * Capacity, int.MaxValue - AttentionShape.Chunk)));
        }

        Length = end;
    }

    /// <summary>Where attention finds things.</summary>
    internal unsafe KeyValueView View()
    {
        byte* start = (byte*)_storage.Pointer;
        return new KeyValueView
        {
            Keys = start,
            Values = SharesValues ? start : start + KeyValueView.ChunkBytes(Type, HeadSize),
            ChunkStride = ChunkBytes,
            HeadStride = HeadBytes,
            ValueChunkStride = ChunkBytes,
            ValueHeadStride = HeadBytes,
            ValueSize = ValueHeadSize,
            ValuesAreKeys = SharesValues,
            Type = Type,
        };
    }

    private static int RoundUp(int positions) => checked((positions + AttentionShape.Chunk - 1) / AttentionShape.Chunk * AttentionShape.Chunk);

    private static long Chunks(int positions) => RoundUp(positions) / AttentionShape.Chunk;

    private TensorStorage Allocate(int capacity) =>
        new(((Chunks(capacity) * ChunkBytes) + sizeof(float) - 1) / sizeof(float));
}
