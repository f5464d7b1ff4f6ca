using System.Text;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Models.Decoding.Gguf;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;

namespace MoeSharp.Models.Conversion;

/// <summary>A published model on disk: what it is and where its numbers lie, with no weight loaded.</summary>
/// <remarks>
/// <para>Opened from a Hugging Face folder, a GGUF file (also a split one), or the built-in model. Only headers are read, so a model of
/// any size opens in a moment.</para>
/// <para>Own it with <c>using</c>. Safe for concurrent reads.</para>
/// </remarks>
public sealed class StoredModel : IDisposable
{
    private StoredModel(string path, DecoderConfig config, TensorSource source, WeightMap map)
    {
        (Path, Config, Source, Map) = (path, config, source, map);
    }

    /// <summary>The folder or file.</summary>
    public string Path { get; }

    /// <summary>What the model is.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Its numbers.</summary>
    public TensorSource Source { get; }

    /// <summary>Its tensors, bound to our parameters.</summary>
    public WeightMap Map { get; }

    /// <summary>The family whose layout says its configuration; null for a GGUF file that none does.</summary>
    public Family? Family { get; private init; }

    /// <summary>The layout of a GGUF file; null for others.</summary>
    public GgufLayout? Layout { get; private init; }

    /// <summary>The GGUF file; null for others.</summary>
    public GgufFile? Gguf => Source as GgufFile;

    /// <summary>The architecture of a GGUF file, otherwise the <c>model_type</c>.</summary>
    public string LayoutName => Layout?.Architecture ?? Family?.ModelType ?? "";

    /// <summary>Opens a model.</summary>
    /// <param name="path">A folder, or the safetensors file or <c>config.json</c> in it; or a <c>.gguf</c> file, any part of a split one.</param>
    /// <exception cref="ModelFormatException">A file is missing or breaks its format, or the family is not known.</exception>
    /// <exception cref="ConfigException">The configuration is faulty, or has a key that is not understood.</exception>
    public static StoredModel Open(string path)
    {
        if (GgufDecoder.IsGguf(path))
        {
            return OpenGguf(path);
        }

        string folder = DecoderFolder.Of(path), configPath = System.IO.Path.Combine(folder, DecoderFolder.ConfigName);
        if (!File.Exists(configPath))
        {
            throw new ModelFormatException(System.IO.Path.TrimEndingDirectorySeparator(folder), null, null,
                Directory.Exists(folder) ? $"the folder has no {DecoderFolder.ConfigName}." : "there is no such folder or file.");
        }

        (Family family, DecoderConfig config) = FamilyCatalogue.Read(configPath);
        TensorSource source = SafetensorsModel.Open(folder);
        return Own(source, () => new StoredModel(folder, config, source, family.Map(config, name => source.TryFind(name, out _))) { Family = family });
    }

    /// <summary>Opens the built-in model.</summary>
    /// <exception cref="ModelFormatException">This build of the library has no model in it.</exception>
    public static StoredModel OpenTiny()
    {
        (Family family, DecoderConfig config) = FamilyCatalogue.Parse(TinyFile(DecoderFolder.ConfigName), DecoderFolder.ConfigName);
        var source = new SafetensorsBuffer(TinyFile(SafetensorsModel.FileName), SafetensorsModel.FileName);
        return new StoredModel("the built-in model", config, source, family.Map(config)) { Family = family };
    }

    /// <summary>Checks that every tensor is there, has its shape and is used.</summary>
    /// <exception cref="ModelFormatException">Tensors are missing, left over or of another shape.</exception>
    public void RequireTensors() => DecoderWeights.Require(Map, Source);

    /// <summary>Loads the decoder.</summary>
    /// <param name="options">Whether weights stay as they are stored; null for that.</param>
    /// <exception cref="ModelFormatException">Tensors do not fit the configuration.</exception>
    public Decoding.Decoder Load(WeightOptions? options = null)
    {
        var decoder = new Decoding.Decoder(Config);
        DecoderWeights.Load(decoder, Map, Source, options ?? WeightOptions.Stored);
        return decoder;
    }

    /// <summary>The content of a small file beside the weights, as <c>tokenizer.json</c>; in a GGUF file, of one that was kept in it.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Null where there is none.</returns>
    public byte[]? ReadFile(string name)
    {
        if (Gguf is { } gguf)
        {
            return gguf.Values.GetOptionalText(SideFiles.KeyOf(name)) is { } text ? Encoding.UTF8.GetBytes(text) : null;
        }

        if (Source is SafetensorsBuffer)
        {
            return TinyResource.Read(name);
        }

        string file = System.IO.Path.Combine(Path, name);
        return File.Exists(file) ? File.ReadAllBytes(file) : null;
    }

    /// <summary>The tokenizer; null where there is none.</summary>
    /// <exception cref="ModelFormatException">It is malformed or not supported.</exception>
    public Tokenizer? ReadTokenizer()
    {
        if (Gguf is { } gguf && GgufVocabulary.IsIn(gguf.Values))
        {
            return GgufVocabulary.Read(gguf.Values).Tokenizer;
        }

        if (Gguf is null && Source is not SafetensorsBuffer)
        {
            return TokenizerFile.Find(Path) is null ? null : Tokenizer.Load(Path);
        }

        return ReadFile(SideFiles.Tokenizer) is { } json ? Tokenizer.Parse(json) : null;
    }

    /// <summary>The chat template; null where there is none.</summary>
    /// <exception cref="ModelFormatException">The file that holds it is no JSON.</exception>
    public string? ReadChatTemplate()
    {
        if (Gguf?.Values.GetOptionalText(SideFiles.ChatTemplateKey) is { } stored)
        {
            return stored;
        }

        if (ReadFile(SideFiles.ChatTemplate) is { } template)
        {
            return Encoding.UTF8.GetString(template);
        }

        return ReadFile(SideFiles.TokenizerConfig) is { } config ? SideFiles.TemplateOf(config) : null;
    }

    /// <summary>All tokens that end a text: those of the configuration and of <c>generation_config.json</c>.</summary>
    public NumberList ReadEndTokens() => ReadFile(GenerationConfig.FileName) is { } json
        ? NumberList.Create([.. Config.EndTokens.Concat(GenerationConfig.ReadEndTokens(json, GenerationConfig.FileName)).Distinct()])
        : Config.EndTokens;

    /// <summary>Closes the files.</summary>
    public void Dispose() => Source.Dispose();

    private static StoredModel OpenGguf(string path)
    {
        GgufFile file = GgufFile.Open(path);
        return Own(file, () =>
        {
            (GgufLayout layout, DecoderConfig config) = GgufLayouts.Read(file);
            WeightMap map = layout.Map(config, name => file.TryFind(name, out StoredTensor? tensor) ? tensor.Shape : null);
            return new StoredModel(path, config, file, map) { Layout = layout, Family = GgufLayouts.FamilyOf(layout, config) };
        });
    }

    private static StoredModel Own(TensorSource source, Func<StoredModel> create)
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

    private static byte[] TinyFile(string name) => TinyResource.Read(name) ?? throw new ModelFormatException(
        "the built-in model", name, null, "is not in this build of the library. Load a model from a folder.");
}
