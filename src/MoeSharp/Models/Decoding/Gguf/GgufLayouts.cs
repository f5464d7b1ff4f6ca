using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Decoding.Families;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>All architectures of GGUF files that are known.</summary>
public static class GgufLayouts
{
    /// <summary>The layouts, in the order in which a configuration tries them.</summary>
    public static IReadOnlyList<GgufLayout> All { get; } =
    [
        new LlamaLayout(), new Qwen2Layout(), new Qwen3Layout(), new OlmoeLayout(), new Qwen3MoeLayout(), new Qwen2MoeLayout(),
        new Dots1Layout(), new Glm4MoeLayout(), new GraniteMoeLayout(), new Ernie45MoeLayout(), new HunyuanMoeLayout(), new MiniMaxM2Layout(),
        new DbrxLayout(), new PhimoeLayout(), new GptOssLayout(), new Llama4Layout(), new DeepSeek2Layout(), new GrokLayout(),
    ];

    /// <summary>The layout of a <c>general.architecture</c>; null when it is not known.</summary>
    public static GgufLayout? Find(string architecture) => All.FirstOrDefault(layout => layout.Architecture == architecture);

    /// <summary>Reads layout and facts of an open file.</summary>
    /// <exception cref="ModelFormatException">The architecture is not known, or a key is missing or of another kind.</exception>
    /// <exception cref="ConfigException">The facts do not make a model.</exception>
    public static (GgufLayout Layout, DecoderConfig Config) Read(GgufFile file)
    {
        string architecture = file.Values.GetText(GgufMetadata.ArchitectureKey);
        GgufLayout layout = Find(architecture) ?? throw file.Values.Fault(GgufMetadata.ArchitectureKey,
            $"is '{architecture}', which is not supported. Supported are {string.Join(", ", All.Select(known => known.Architecture))}.");
        return (layout, layout.Read(file));
    }

    /// <summary>The layout that says a configuration completely.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="family">The family the model came from, whose layout is tried first; null for none.</param>
    /// <exception cref="ConfigException">None does.</exception>
    public static GgufLayout Choose(DecoderConfig config, Family? family = null)
    {
        config.Validate();
        return All.OrderBy(layout => family is null || !layout.ModelTypes.Contains(family.ModelType)).FirstOrDefault(layout => layout.CanSay(config))
            ?? throw new ConfigException(nameof(DecoderConfig),
                "No GGUF architecture equals this configuration, so it has no layout to be saved in. "
                + $"Known are {string.Join(", ", All.Select(layout => layout.Architecture))}.");
    }

    /// <summary>The family that a model of a layout belongs to; null when none says its configuration.</summary>
    public static Family? FamilyOf(GgufLayout layout, DecoderConfig config) =>
        layout.ModelTypes.Select(FamilyCatalogue.Find).FirstOrDefault(family => family is not null && FamilyCatalogue.CanSay(family, config));
}
