using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Models.Decoding.Gguf;

namespace MoeSharp.Models.Decoding;

/// <summary>What a model is, from headers alone: its configuration, its tensors, and which parameter each belongs to. Loads no weight.</summary>
/// <remarks>Own it with <c>using</c>: the files stay open, so that weights can be read one by one. Safe for concurrent reads.</remarks>
public sealed class ModelHeader : IDisposable
{
    private ModelHeader(TensorSource source, DecoderConfig config, WeightMap map, Family? family, GgufLayout? layout)
    {
        (Source, Config, Map, Family, Layout) = (source, config, map, family, layout);
    }

    /// <summary>The tensors.</summary>
    public TensorSource Source { get; }

    /// <summary>The facts.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Which parameter each tensor belongs to.</summary>
    public WeightMap Map { get; }

    /// <summary>The family; null for a GGUF model that equals none.</summary>
    public Family? Family { get; }

    /// <summary>The architecture of a GGUF file; null for a folder.</summary>
    public GgufLayout? Layout { get; }

    /// <summary>Opens a folder in the Hugging Face layout, a file in it, or a GGUF file.</summary>
    /// <exception cref="ModelFormatException">A file is missing or breaks its format, or the model is not known.</exception>
    /// <exception cref="ConfigException">The configuration is faulty or not understood.</exception>
    public static ModelHeader Open(string path)
    {
        if (GgufDecoder.IsGguf(path))
        {
            GgufFile file = GgufFile.Open(path);
            return Own(file, () =>
            {
                (GgufLayout layout, DecoderConfig config) = GgufLayouts.Read(file);
                WeightMap map = layout.Map(config, name => file.TryFind(name, out StoredTensor? tensor) ? tensor.Shape : null);
                return new ModelHeader(file, config, map, GgufLayouts.FamilyOf(layout, config), layout);
            });
        }

        string folder = DecoderFolder.Of(path), configPath = Path.Combine(folder, DecoderFolder.ConfigName);
        if (!File.Exists(configPath))
        {
            throw new ModelFormatException(
                Path.TrimEndingDirectorySeparator(folder), null, null,
                Directory.Exists(folder) ? $"the folder has no {DecoderFolder.ConfigName}." : "there is no such folder.");
        }

        (Family family, DecoderConfig facts) = FamilyCatalogue.Read(configPath);
        TensorSource source = SafetensorsModel.Open(folder);
        return Own(source, () => new ModelHeader(source, facts, family.Map(facts, name => source.TryFind(name, out _)), family, null));
    }

    /// <summary>Checks that every tensor is there, has its shape and is used.</summary>
    /// <exception cref="ModelFormatException">Tensors are missing, left over or of another shape.</exception>
    public void RequireTensors() => DecoderWeights.Require(Map, Source);

    /// <summary>Closes the files.</summary>
    public void Dispose() => Source.Dispose();

    private static ModelHeader Own(TensorSource source, Func<ModelHeader> create)
    {
        try
        {
            return create();
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }
}
