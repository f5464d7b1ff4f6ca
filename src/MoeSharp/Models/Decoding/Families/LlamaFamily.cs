using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Llama 2 and 3: dense, grouped-query attention, optional biases.</summary>
/// <remarks>Source: Touvron et al. 2023, arXiv:2307.09288; transformers <c>models/llama</c>.</remarks>
public sealed class LlamaFamily : Family
{
    /// <inheritdoc/>
    public override string ModelType => "llama";

    /// <inheritdoc/>
    public override string Architecture => "LlamaForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        bool hasBias = hf.Flag("attention_bias", false);
        return HfShared.Read(hf, epsilon: 1e-6, theta: 10000, positions: 2048) with
        {
            IntermediateSize = hf.Int("intermediate_size"),
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            HasFeedForwardBias = hf.Flag("mlp_bias", false),
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["intermediate_size"] = config.IntermediateSize;
        json["attention_bias"] = config.HasQueryKeyValueBias;
        json["mlp_bias"] = config.HasFeedForwardBias;
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
