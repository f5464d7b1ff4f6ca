using MoeSharp.Tensors.Kernels.Attention;

namespace MoeSharp.Tensors;

/// <summary>The keys and values of one sequence in one layer, in the order and type that attention reads fastest.</summary>
/// <remarks>
/// <para>Layout: chunks of 64 positions; in a chunk, for each head, the keys transposed <c>[d, 64]</c> and then the values
/// <c>[64, dv]</c>. So a new query streams through memory in order, and scores of 64 keys are computed side by side.</para>
/// <para>Where values are the first dv numbers of their keys (latent attention), <see cref="SharesValues"/> keeps them once: keys alone,
/// d numbers a position and head.</para>
/// <para>Grows by doubling when <see cref="Capacity"/> is exceeded; allocates nothing before. Belongs to one thread at a time.</para>
/// <para>With <see cref="DType.BF16"/> keys and values are rounded (to nearest, ties to even) when they come in, and every query,
/// those of the same prompt included, sees the rounded ones.</para>
/// </remarks>
public sealed class KeyValueMemory
{
    private TensorStorage _storage;

    /// <summary>An empty memory.</summary>
    /// <param name="keyValueHeadCount">Heads, G.</param>
    /// <param name="headSize">Size of a key, d.</param>
    /// <param name="valueHeadSize">Size of a value, dv.</param>
    /// <param name="capacity">Positions to reserve room for.</param>
    /// <param name="type">F32 or BF16.</param>
    /// <param name="sharesValues">True when a value is the first dv numbers of its key.</param>
    public KeyValueMemory(
        int keyValueHeadCount, int headSize, int valueHeadSize, int capacity, DType type = DType.F32, bool sharesValues = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keyValueHeadCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(valueHeadSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        if (type is not (DType.F32 or DType.BF16))
        {
            throw new ArgumentException($"key-value memory: the type {type} is not supported. Use F32 or BF16.", nameof(type));
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

    /// <summary>Elements of one chunk of 64 positions, all heads.</summary>
    private long ChunkLength => KeyValueHeadCount * HeadLength;

    /// <summary>Elements of one chunk of 64 positions and one head.</summary>
    private long HeadLength => (long)(HeadSize + (SharesValues ? 0 : ValueHeadSize)) * AttentionShape.Chunk;

    /// <summary>Adds positions at the end.</summary>
    /// <param name="keys"><c>[rows, G·d]</c>.</param>
    /// <param name="values"><c>[rows, G·dv]</c>; not looked at where they are a part of the keys.</param>
    /// <exception cref="TensorShapeException">The shapes do not fit.</exception>
    public void Append(Tensor keys, Tensor values)
    {
        Throw.UnlessColumns("key-value memory: keys", keys, (long)KeyValueHeadCount * HeadSize);
        Throw.UnlessColumns("key-value memory: values", values, (long)KeyValueHeadCount * ValueHeadSize);
        if (keys.Rows != values.Rows)
        {
            Throw.Shape($"key-value memory: got {keys.Rows} keys and {values.Rows} values. There must be as many.");
        }

        Append(keys, values, 0, keys.Rows);
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
        long bytes = Chunks(Length) * ChunkLength * ElementSize;
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
        Buffer.MemoryCopy(source._storage.Pointer, _storage.Pointer, Bytes, Chunks(length) * ChunkLength * ElementSize);
        Length = length;
    }

    /// <summary>As <c>BF16 8 × (128 + 128), 40 of 64 positions</c>, or <c>F32 1 × (576, values 512 of them), …</c>.</summary>
    public override string ToString() =>
        $"{Type} {KeyValueHeadCount} × ({HeadSize}{(SharesValues ? $", values {ValueHeadSize} of them" : $" + {ValueHeadSize}")}), {Length} of {Capacity} positions";

    /// <summary>Adds rows <paramref name="firstRow"/> and following of larger tensors.</summary>
    internal unsafe void Append(Tensor keys, Tensor values, int firstRow, int rows)
    {
        int end = checked(Length + rows);
        if (end > Capacity)
        {
            Reserve(Math.Max(end, (int)Math.Min(2L * Capacity, int.MaxValue - AttentionShape.Chunk)));
        }

        int keyColumns = KeyValueHeadCount * HeadSize, valueColumns = KeyValueHeadCount * ValueHeadSize;
        KeyValuePackKernel.Append(
            View(), KeyValueHeadCount, HeadSize, ValueHeadSize,
            keys.Pointer + ((long)firstRow * keyColumns), values.Pointer + ((long)firstRow * valueColumns), Length, rows);
        Length = end;
    }

    /// <summary>Where attention finds things.</summary>
    internal unsafe KeyValueView View()
    {
        byte* start = (byte*)_storage.Pointer;
        return new KeyValueView
        {
            Keys = start,
            Values = SharesValues ? start : start + ((long)HeadSize * AttentionShape.Chunk * ElementSize),
            KeyChunkStride = ChunkLength,
            KeyHeadStride = HeadLength,
            ValueChunkStride = ChunkLength,
            ValueHeadStride = HeadLength,
            ValueRowStride = SharesValues ? 1 : ValueHeadSize,
            ValuesAreKeys = SharesValues,
            IsBFloat16 = Type == DType.BF16,
        };
    }

    private int ElementSize => Type == DType.BF16 ? 2 : 4;

    private static int RoundUp(int positions) => checked((positions + AttentionShape.Chunk - 1) / AttentionShape.Chunk * AttentionShape.Chunk);

    private static long Chunks(int positions) => RoundUp(positions) / AttentionShape.Chunk;

    private TensorStorage Allocate(int capacity) =>
        new(((Chunks(capacity) * ChunkLength * ElementSize) + sizeof(float) - 1) / sizeof(float));
}
