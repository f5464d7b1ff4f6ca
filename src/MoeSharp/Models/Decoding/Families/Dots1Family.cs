using System.Text.Json.Nodes;
using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>dots.llm1: DeepSeek-V3's experts with ordinary attention, queries and keys normalised per head, and windows in late layers.</summary>
/// <remarks>Source: arXiv:2506.05767; transformers <c>models/dots1</c>.</remarks>
public sealed class Dots1Family : Family
{
    /// <inheritdoc/>
    public override string ModelType => "dots1";

    /// <inheritdoc/>
    public override string Architecture => "Dots1ForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-6, theta: 10000, positions: 2048);
        bool hasBias = hf.Flag("attention_bias", false);
        int windowLayers = hf.Int("max_window_layers", 62);
        DecoderConfig windowed = HfShared.WithWindow(hf, shared, hf.OptionalInt("sliding_window"), layer => layer < windowLayers);
        return DeepSeekExperts.Read(hf, windowed, normalizes: false) with
        {
            QueryKeyNorm = QueryKeyNorm.PerHead,
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["attention_bias"] = config.HasQueryKeyValueBias;
        json["sliding_window"] = config.SlidingWindow;
        json["max_window_layers"] = config.SlidingWindow is null ? config.LayerCount : config.FullAttentionLayers.Count;
        DeepSeekExperts.Write(config, json);
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent) =>
        DeepSeekExperts.Bind(config, map, isPresent);
}
