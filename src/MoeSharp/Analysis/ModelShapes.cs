using MoeSharp.Experts.Banks;
using MoeSharp.Layers;
using MoeSharp.Models.Decoding;

namespace MoeSharp.Analysis;

/// <summary>The shapes of published models, for measuring speeds without their weights.</summary>
/// <remarks>Sizes are those of the models' <c>config.json</c>; what does not change the work (scales, tokens) is left at its default.</remarks>
public static class ModelShapes
{
    /// <summary>Names and shapes; <c>mixtral-8l</c> is Mixtral at half its width in 8 layers,
    /// <c>tiny-moe</c> a model that runs anywhere in a moment.</summary>
    public static IReadOnlyDictionary<string, DecoderConfig> All { get; } = new Dictionary<string, DecoderConfig>(StringComparer.Ordinal)
    {
        ["olmoe-1b-7b"] = new()
        {
            VocabularySize = 50304,
            HiddenSize = 2048,
            LayerCount = 16,
            HeadCount = 16,
            KeyValueHeadCount = 16,
            HeadSize = 128,
            PositionCount = 4096,
            QueryKeyNorm = QueryKeyNorm.WholeProjection,
            Experts = new ExpertsConfig { ExpertCount = 64, TopK = 8, IntermediateSize = 1024, NormalizeWeights = false },
        },
        ["mixtral-8l"] = new()
        {
            VocabularySize = 32000,
            HiddenSize = 2048,
            LayerCount = 8,
            HeadCount = 16,
            KeyValueHeadCount = 8,
            HeadSize = 128,
            PositionCount = 32768,
            Rotary = new RotaryConfig { Theta = 1_000_000 },
            Experts = new ExpertsConfig { ExpertCount = 8, TopK = 2, IntermediateSize = 7168 },
        },
        ["qwen3-30b-a3b"] = new()
        {
            VocabularySize = 151936,
            HiddenSize = 2048,
            LayerCount = 48,
            HeadCount = 32,
            KeyValueHeadCount = 4,
            HeadSize = 128,
            PositionCount = 40960,
            Rotary = new RotaryConfig { Theta = 1_000_000 },
            QueryKeyNorm = QueryKeyNorm.PerHead,
            Experts = new ExpertsConfig { ExpertCount = 128, TopK = 8, IntermediateSize = 768 },
        },
        ["deepseek-v2-lite"] = new()
        {
            VocabularySize = 102400,
            HiddenSize = 2048,
            LayerCount = 27,
            HeadCount = 16,
            KeyValueHeadCount = 16,
            HeadSize = 192,
            PositionCount = 16384,
            Rotary = new RotaryConfig { IsInterleaved = true },
            Latent = new LatentSizes { KeyValueRank = 512, UnrotatedSize = 128, RotatedSize = 64, ValueSize = 128 },
            DenseLayers = [0],
            IntermediateSize = 10944,
            Experts = new ExpertsConfig { ExpertCount = 64, TopK = 6, IntermediateSize = 1408, SharedIntermediateSize = 2816, NormalizeWeights = false },
        },
        ["gpt-oss-20b"] = new()
        {
            VocabularySize = 201088,
            HiddenSize = 2880,
            LayerCount = 24,
            HeadCount = 64,
            KeyValueHeadCount = 8,
            HeadSize = 64,
            PositionCount = 131072,
            Rotary = new RotaryConfig { Theta = 150_000 },
            HasQueryKeyValueBias = true,
            HasOutputBias = true,
            HasAttentionSinks = true,
            SlidingWindow = 128,
            FullAttentionLayers = NumberList.Create([.. Enumerable.Range(0, 24).Where(layer => layer % 2 == 1)]),
            Experts = new ExpertsConfig
            {
                ExpertCount = 32,
                TopK = 4,
                IntermediateSize = 2880,
                Score = ScoreKind.SoftmaxOfChosen,
                HasRouterBias = true,
                HasProjectionBias = true,
                Clamp = new ClampedSwiGlu(),
            },
        },
        ["tiny-moe"] = new()
        {
            VocabularySize = 4096,
            HiddenSize = 256,
            LayerCount = 2,
            HeadCount = 4,
            KeyValueHeadCount = 2,
            HeadSize = 64,
            PositionCount = 8192,
            Experts = new ExpertsConfig { ExpertCount = 8, TopK = 2, IntermediateSize = 256 },
        },
    };

    /// <summary>The GGUF architecture that files of a shape have.</summary>
    /// <param name="name">One of <see cref="All"/>.</param>
    public static string ArchitectureOf(string name) => name switch
    {
        "olmoe-1b-7b" => "olmoe",
        "qwen3-30b-a3b" => "qwen3moe",
        "deepseek-v2-lite" => "deepseek2",
        "gpt-oss-20b" => "gpt-oss",
        _ => "llama",
    };

    /// <summary>A shape with fewer layers.</summary>
    /// <param name="name">One of <see cref="All"/>.</param>
    /// <param name="layers">Layers to keep; null for all.</param>
    /// <exception cref="ArgumentException">There is no such shape, or it has fewer layers.</exception>
    public static DecoderConfig Find(string name, int? layers = null)
    {
        if (!All.TryGetValue(name, out DecoderConfig? config))
        {
            throw new ArgumentException($"there is no shape '{name}'. Known are {string.Join(", ", All.Keys)}.", nameof(name));
        }

        int count = layers ?? config.LayerCount;
        if (count < 1 || count > config.LayerCount)
        {
            throw new ArgumentException($"shape {name}: has 1 to {config.LayerCount} layers, not {count}.", nameof(layers));
        }

        return config with
        {
            LayerCount = count,
            FullAttentionLayers = NumberList.Create([.. config.FullAttentionLayers.Where(layer => layer < count)]),
            DenseLayers = NumberList.Create([.. config.DenseLayers.Where(layer => layer < count)]),
        };
    }
}
