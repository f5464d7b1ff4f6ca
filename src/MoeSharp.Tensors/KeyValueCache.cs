namespace MoeSharp.Tensors;

/// <summary>What attention remembers of one sequence: a <see cref="KeyValueMemory"/> for every layer.</summary>
/// <remarks>
/// <para>A forward pass over several sequences takes one cache for each; every layer appends its new keys and values
/// (<c>AttentionOp.ApplyCached</c>). <see cref="Length"/> counts positions that all layers have.</para>
/// <para>Belongs to one thread at a time.</para>
/// </remarks>
public sealed class KeyValueCache
{
    private readonly KeyValueMemory[] _layers;

    /// <summary>Layers of equal sizes.</summary>
    /// <param name="layerCount">Layers, L.</param>
    /// <param name="keyValueHeadCount">Heads, G.</param>
    /// <param name="headSize">Size of a key.</param>
    /// <param name="valueHeadSize">Size of a value.</param>
    /// <param name="capacity">Positions to reserve room for; more can come.</param>
    /// <param name="type">F32, BF16, or Q80 where sizes are multiples of 32.</param>
    /// <param name="sharesValues">True when a value is the first numbers of its key, and is not kept a second time.</param>
    public KeyValueCache(
        int layerCount, int keyValueHeadCount, int headSize, int valueHeadSize, int capacity, DType type = DType.F32, bool sharesValues = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layerCount, 1);
        _layers = new KeyValueMemory[layerCount];
        for (int i = 0; i < layerCount; i++)
        {
            _layers[i] = new KeyValueMemory(keyValueHeadCount, headSize, valueHeadSize, capacity, type, sharesValues);
        }
    }

    /// <summary>Layers of any sizes.</summary>
    public KeyValueCache(IEnumerable<KeyValueMemory> layers)
    {
        _layers = [.. layers];
        ArgumentOutOfRangeException.ThrowIfZero(_layers.Length, nameof(layers));
    }

    /// <summary>Count of layers.</summary>
    public int LayerCount => _layers.Length;

    /// <summary>Positions that every layer holds.</summary>
    public int Length
    {
        get
        {
            int length = int.MaxValue;
            foreach (KeyValueMemory layer in _layers)
            {
                length = Math.Min(length, layer.Length);
            }

            return length;
        }
    }

    /// <summary>Bytes reserved in all layers.</summary>
    public long Bytes
    {
        get
        {
            long bytes = 0;
            foreach (KeyValueMemory layer in _layers)
            {
                bytes += layer.Bytes;
            }

            return bytes;
        }
    }

    /// <summary>The memory of one layer.</summary>
    public KeyValueMemory this[int layer] => _layers[layer];

    /// <summary>Forgets all positions from <paramref name="length"/> on, in layers that have them.</summary>
    public void Truncate(int length)
    {
        foreach (KeyValueMemory layer in _layers)
        {
            layer.Truncate(Math.Min(length, layer.Length));
        }
    }

    /// <summary>Becomes a copy of the first <paramref name="length"/> positions of another cache of the same layers.</summary>
    public void CopyFrom(KeyValueCache source, int length)
    {
        if (source.LayerCount != LayerCount)
        {
            throw new ArgumentException($"key-value cache: the source has {source.LayerCount} layers, this one {LayerCount}. They must be equal.", nameof(source));
        }

        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i].CopyFrom(source._layers[i], length);
        }
    }
}
