using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis;

/// <summary>A decoder of any shape with random weights, in memory or as a GGUF file: for measuring speeds.</summary>
/// <remarks>Tensors have the formats that <c>moe quantize</c> would give them. The file has a real vocabulary (that of the built-in model, filled
/// up), so other engines load it too.</remarks>
public static class SyntheticModel
{
    private const int PieceBytes = 1 << 22;

    /// <summary>What a model can be stored in: the recipes of <see cref="QuantizationRecipe"/>, and all other formats that can be multiplied.</summary>
    public static IReadOnlyList<string> Types { get; } =
        [.. QuantizationRecipe.Names.Concat(BlockFormats.All.Select(format => format.Name)).Distinct(StringComparer.Ordinal)];

    /// <summary>The recipe of a type, in any case.</summary>
    /// <exception cref="ArgumentException">There is no such type.</exception>
    public static QuantizationRecipe Recipe(string type) =>
        QuantizationRecipe.Names.Contains(type, StringComparer.OrdinalIgnoreCase) ? QuantizationRecipe.Parse(type)
        : BlockFormats.Find(type) is { } format ? QuantizationRecipe.Of(format)
        : throw new ArgumentException($"there is no type '{type}'. Known are {string.Join(", ", Types)}.", nameof(type));

    /// <summary>Makes a model in memory.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="recipe">Which tensor gets which format; routers and norms are F32.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <param name="isExact">True to multiply block formats in float32.</param>
    /// <param name="architecture">The GGUF architecture that its tensors are laid out in; null for the first that says the configuration.</param>
    /// <exception cref="ArgumentException">The weights do not fit into the memory of this machine.</exception>
    /// <exception cref="ConfigException">No GGUF architecture, or not this one, says the configuration.</exception>
    public static Decoder Create(
        DecoderConfig config, QuantizationRecipe recipe, ulong seed = 1, bool isExact = false, string? architecture = null)
    {
        using var source = new SyntheticSource(config, recipe, seed, architecture);
        long bytes = source.ByteLength, memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes > memory / 10 * 9)
        {
            throw new ArgumentException(
                $"the model would take {bytes / 1e9:F1} GB, and this machine has {memory / 1e9:F1} GB. Take fewer layers or a smaller type.", nameof(config));
        }

        var decoder = new Decoder(config);
        DecoderWeights.Load(decoder, source.Map, source, new WeightOptions { IsExact = isExact, Maps = false });
        decoder.Repack(Workers.Default);
        return decoder;
    }

    /// <summary>Makes a model in memory, every matrix in one format where its rows are whole blocks.</summary>
    /// <inheritdoc cref="Create(DecoderConfig, QuantizationRecipe, ulong, bool, string)"/>
    public static Decoder Create(DecoderConfig config, BlockFormat format, ulong seed = 1, bool isExact = false) =>
        Create(config, QuantizationRecipe.Of(format), seed, isExact);

    /// <summary>Writes the same model as a GGUF file; it appears when it is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="config">Its shape.</param>
    /// <param name="recipe">Which tensor gets which format.</param>
    /// <param name="name">What the file says the model is called.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <param name="architecture">The GGUF architecture; null for the first that says the configuration.</param>
    /// <param name="progress">Hears bytes written, and all bytes.</param>
    /// <param name="cancellation">Ends it between pieces; nothing stays.</param>
    /// <returns>Bytes of the file.</returns>
    /// <exception cref="ConfigException">No GGUF architecture says the configuration.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public static long Write(
        string path,
        DecoderConfig config,
        QuantizationRecipe recipe,
        string name,
        ulong seed = 1,
        string? architecture = null,
        IProgress<(long Done, long Total)>? progress = null,
        CancellationToken cancellation = default)
    {
        using var source = new SyntheticSource(config, recipe, seed, architecture);
        var metadata = new GgufMetadata();
        metadata.Set(GgufMetadata.ArchitectureKey, GgufValue.Of(source.Layout.Architecture));
        metadata.Set("general.type", GgufValue.Of("model"));
        metadata.Set("general.name", GgufValue.Of(name));
        metadata.Set("general.description", GgufValue.Of("random weights, for measuring speeds"));
        DecoderConfig told = SyntheticVocabulary.Write(config, metadata);
        source.Layout.Write(told, metadata);
        metadata.Set("general.quantization_version", GgufValue.Of(2u));
        metadata.Set("general.file_type", GgufValue.Of((uint)recipe.FileType));

        long total = source.ByteLength, done = 0;
        byte[] piece = new byte[PieceBytes];
        using (var writer = new GgufWriter(path, metadata, source.Tensors.Select(tensor => new GgufEntry(tensor.Name, tensor.Type, tensor.Shape))))
        {
            foreach (StoredTensor tensor in source.Tensors)
            {
                for (long at = 0; at < tensor.ByteLength;)
                {
                    cancellation.ThrowIfCancellationRequested();
                    Span<byte> part = piece.AsSpan(0, (int)Math.Min(PieceBytes, tensor.ByteLength - at));
                    source.ReadBytes(tensor, at, part);
                    writer.WriteBytes(tensor.Name, part);
                    at += part.Length;
                    done += part.Length;
                    progress?.Report((done, total));
                }
            }

            writer.Commit();
        }

        return new FileInfo(path).Length;
    }
}
