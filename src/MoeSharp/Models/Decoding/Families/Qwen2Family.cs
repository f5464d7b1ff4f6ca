using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Qwen2 and Qwen2.5: dense, biases on queries, keys and values, windows in late layers where they are switched on.</summary>
/// <remarks>Source: Qwen2 technical report, arXiv:2407.10671; transformers <c>models/qwen2</c>.</remarks>
public sealed class Qwen2Family : Family
{
    /// <inheritdoc/>
    public override string ModelType => "qwen2";

    /// <inheritdoc/>
    public override string Architecture => "Qwen2ForCausalLM";

    internal override DecoderConfig Read(HfConfig hf) =>
        ReadDense(hf, HfShared.Read(hf, epsilon: 1e-6, theta: 10000, positions: 32768, keyValueHeads: 32)) with { HasQueryKeyValueBias = true };

    internal override void Write(DecoderConfig config, JsonObject json) => WriteDense(config, json);

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent) => BindDense(config, map);

    /// <summary>What dense Qwen models have in common.</summary>
    internal static DecoderConfig ReadDense(HfConfig hf, DecoderConfig shared)
    {
        int? window = hf.Flag("use_sliding_window", false) ? hf.Int("sliding_window", 4096) : null;
        _ = hf.OptionalInt("sliding_window");
        int fullLayers = hf.Int("max_window_layers", 28);
        return HfShared.WithWindow(hf, shared, window, layer => layer < fullLayers) with { IntermediateSize = hf.Int("intermediate_size") };
    }

    /// <summary>Writes what dense Qwen models have in common.</summary>
    internal static void WriteDense(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        HfShared.WriteWindow(config, json);
        json["intermediate_size"] = config.IntermediateSize;
        json["max_window_layers"] = config.SlidingWindow is null ? config.LayerCount : config.FullAttentionLayers.Count;
    }

    /// <summary>Binds the tensors of a dense model of the Llama kind.</summary>
    internal static void BindDense(DecoderConfig config, WeightMap map)
    {
        LlamaTensors.BindEnds(config, map);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            LlamaTensors.BindAttention(config, map, layer);
            LlamaTensors.BindDense(config, map, layer);
        }
    }
}
