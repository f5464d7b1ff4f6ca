using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Mistral: dense, grouped-query attention, with or without a sliding window.</summary>
/// <remarks>Source: Jiang et al. 2023, arXiv:2310.06825; transformers <c>models/mistral</c>.</remarks>
public sealed class MistralFamily : Family
{
    private const int DefaultWindow = 4096; // of MistralConfig, when a file does not say "sliding_window": null

    /// <inheritdoc/>
    public override string ModelType => "mistral";

    /// <inheritdoc/>
    public override string Architecture => "MistralForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-6, theta: 10000, positions: 131072, keyValueHeads: 8);
        int? window = hf.IsAbsent("sliding_window") ? DefaultWindow : hf.OptionalInt("sliding_window");
        return HfShared.WithWindow(hf, shared, window, _ => false) with { IntermediateSize = hf.Int("intermediate_size") };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["intermediate_size"] = config.IntermediateSize;
        json["sliding_window"] = config.SlidingWindow;
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent)
    {
        LlamaTensors.BindEnds(config, map);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            LlamaTensors.BindAttention(config, map, layer);
            LlamaTensors.BindDense(config, map, layer);
        }
    }
}
