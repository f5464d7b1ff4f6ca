using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using MoeSharp.Formats;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Models.Decoding.Gguf;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis;

/// <summary>The tensors of a GGUF file that does not exist: names, shapes and types as <c>moe quantize</c> lays them, values random.</summary>
/// <remarks>
/// <para>A model in memory and one in a file come from here alike, so they are the same model.</para>
/// <para>Matrices have a deviation of one over the root of their columns, so that activations stay of order 1; the embedding has 1. Norms are
/// ones, biases and sinks zeros.</para>
/// <para>Any part of a tensor can be read, in any order. Safe for concurrent reads.</para>
/// </remarks>
internal sealed class SyntheticSource : TensorSource
{
    private readonly List<StoredTensor> _tensors = [];
    private readonly Dictionary<string, Content> _contents = new(StringComparer.Ordinal);
    private readonly Dictionary<(BlockFormat Format, int Columns, bool IsEmbedding), BlockPool> _pools = [];
    private readonly ulong _seed;

    /// <summary>Lists the tensors.</summary>
    /// <param name="config">The model.</param>
    /// <param name="recipe">Which tensor gets which format.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <param name="architecture">The GGUF architecture; null for the first that says the configuration.</param>
    /// <exception cref="ConfigException">No GGUF architecture, or not this one, says the configuration.</exception>
    public SyntheticSource(DecoderConfig config, QuantizationRecipe recipe, ulong seed, string? architecture = null)
        : base("the synthetic model")
    {
        _seed = seed;
        Layout = architecture is null ? GgufLayouts.Choose(config)
            : GgufLayouts.Find(architecture) is { } layout && layout.CanSay(config.Validate()) ? layout
            : throw new ConfigException(nameof(DecoderConfig), $"The GGUF architecture '{architecture}' cannot say this configuration.");
        Map = Layout.Map(config);
        var facts = RecipeFacts.Of(config);
        foreach (WeightBinding binding in Map.Bindings)
        {
            long[] shape = binding.Shape.ToArray();
            BlockFormat format = recipe.Choose(binding.Tensor, shape, facts).Format;
            var tensor = new StoredTensor(
                binding.Tensor, StoredTypeFacts.OfFormat(format), shape, Path, 0, format.BytesOf(binding.Shape.Length));
            GgufTensorName name = GgufTensorName.Parse(binding.Tensor);
            BlockPool? pool = name.Role == TensorRole.Vector ? null : PoolOf(format, checked((int)shape[^1]), name.Role == TensorRole.Embedding);
            bool isNorm = tensor.Name.EndsWith("norm.weight", StringComparison.Ordinal);
            _contents.Add(tensor.Name, new Content(tensor, pool, new Rng(seed, (ulong)_tensors.Count + 1), isNorm ? 1 : 0));
            _tensors.Add(tensor);
        }
    }

    /// <summary>The architecture that says the model.</summary>
    public GgufLayout Layout { get; }

    /// <summary>The tensors, bound to our parameters.</summary>
    public WeightMap Map { get; }

    /// <summary>Bytes of all tensors.</summary>
    public long ByteLength => _tensors.Sum(tensor => tensor.ByteLength);

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> Tensors => _tensors;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override bool TryFind(string name, [NotNullWhen(true)] out StoredTensor? tensor)
    {
        tensor = _contents.GetValueOrDefault(name)?.Tensor;
        return tensor is not null;
    }

    /// <inheritdoc/>
    public override void ReadBytes(StoredTensor tensor, long byteOffset, Span<byte> destination)
    {
        Content content = _contents[tensor.Name];
        if (content.Pool is not { } pool)
        {
            Span<byte> value = stackalloc byte[sizeof(float)];
            BinaryPrimitives.WriteSingleLittleEndian(value, content.Constant);
            for (int i = 0; i < destination.Length; i++)
            {
                destination[i] = value[(int)((byteOffset + i) % sizeof(float))];
            }

            return;
        }

        while (destination.Length > 0)
        {
            int inside = (int)(byteOffset % pool.RowBytes);
            ReadOnlySpan<byte> row = pool.Row(content.Keys.BitsAt((ulong)(byteOffset / pool.RowBytes)))[inside..];
            int length = Math.Min(row.Length, destination.Length);
            row[..length].CopyTo(destination);
            destination = destination[length..];
            byteOffset += length;
        }
    }

    internal override bool IsInFile(StoredTensor tensor) => false;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // nothing is open
    }

    private BlockPool PoolOf(BlockFormat format, int columns, bool isEmbedding)
    {
        if (!_pools.TryGetValue((format, columns, isEmbedding), out BlockPool? pool))
        {
            float deviation = isEmbedding ? 1 : 1 / MathF.Sqrt(columns);
            _pools.Add((format, columns, isEmbedding), pool = new BlockPool(format, columns, deviation, _seed + (ulong)_pools.Count));
        }

        return pool;
    }

    /// <summary>Rows of a pool, or one number throughout.</summary>
    private sealed record Content(StoredTensor Tensor, BlockPool? Pool, Rng Keys, float Constant);
}
