using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Decoding.Families;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>A decoder from a GGUF file.</summary>
public static class GgufDecoder
{
    /// <summary>True when a path names a GGUF file.</summary>
    public static bool IsGguf(string path) => path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);

    /// <summary>Loads a decoder.</summary>
    /// <param name="path">The file, or any part of a split model.</param>
    /// <param name="options">Whether weights stay as they are stored; null for float32, ready for training.</param>
    /// <exception cref="ModelFormatException">A file breaks its format, its architecture is not known, or tensors do not fit its keys.</exception>
    /// <exception cref="ConfigException">The facts do not make a model.</exception>
    public static (Decoder Decoder, Family? Family) Load(string path, WeightOptions? options = null)
    {
        using GgufFile file = GgufFile.Open(path);
        return Load(file, options);
    }

    /// <summary>Loads a decoder from an open file.</summary>
    /// <param name="file">The file; only read.</param>
    /// <param name="options">Whether weights stay as they are stored; null for float32, ready for training.</param>
    /// <inheritdoc cref="Load(string, WeightOptions?)" path="/exception"/>
    public static (Decoder Decoder, Family? Family) Load(GgufFile file, WeightOptions? options = null)
    {
        (GgufLayout layout, DecoderConfig config) = GgufLayouts.Read(file);
        var decoder = new Decoder(config);
        WeightMap map = layout.Map(config, name => file.TryFind(name, out StoredTensor? tensor) ? tensor.Shape : null);
        DecoderWeights.Load(decoder, map, file, options ?? WeightOptions.Float32);
        return (decoder, GgufLayouts.FamilyOf(layout, config));
    }
}
