using System.Text.Json.Nodes;
using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Qwen3-MoE: queries and keys normalised per head; some layers may be dense; no shared expert.</summary>
/// <remarks>Source: Qwen3 technical report, arXiv:2505.09388; transformers <c>models/qwen3_moe</c>. A window applies to every layer.</remarks>
public sealed class Qwen3MoeFamily : Family
{
    /// <inheritdoc/>
    public override string ModelType => "qwen3_moe";

    /// <inheritdoc/>
    public override string Architecture => "Qwen3MoeForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-6, theta: 10000, positions: 32768, keyValueHeads: 4);
        bool hasBias = hf.Flag("attention_bias", false);
        int? window = hf.Flag("use_sliding_window", false) ? hf.Int("sliding_window", 4096) : null;
        _ = hf.OptionalInt("sliding_window");
        _ = hf.OptionalInt("max_window_layers"); // written by older versions, read by none
        return HfShared.WithWindow(hf, shared, window, _ => false) with
        {
            QueryKeyNorm = QueryKeyNorm.PerHead,
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            IntermediateSize = hf.Int("intermediate_size", 0),
            DenseLayers = HfShared.ReadDenseLayers(hf, shared.LayerCount),
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("num_experts", hf.Int("num_local_experts", 128)),
                TopK = hf.Int("num_experts_per_tok", 8),
                IntermediateSize = hf.Int("moe_intermediate_size"),
                NormalizeWeights = hf.Flag("norm_topk_prob", false),
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.001),
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["intermediate_size"] = config.IntermediateSize;
        json["attention_bias"] = config.HasQueryKeyValueBias;
        json["use_sliding_window"] = config.SlidingWindow is not null;
        json["sliding_window"] = config.SlidingWindow;
        json["decoder_sparse_step"] = 1;
        json["mlp_only_layers"] = HfShared.Array(config.DenseLayers);
        if (config.Experts is { } experts)
        {
            json["num_experts"] = experts.ExpertCount;
            json["num_experts_per_tok"] = experts.TopK;
            json["moe_intermediate_size"] = experts.IntermediateSize;
            json["norm_topk_prob"] = experts.NormalizeWeights;
            json["router_aux_loss_coef"] = experts.BalanceCoefficient;
            json["output_router_logits"] = false;
        }
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent)
    {
        LlamaTensors.BindEnds(config, map);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            LlamaTensors.BindAttention(config, map, layer);
            if (config.HasExperts(layer))
            {
                LlamaTensors.BindRouter(config, map, layer, "mlp.gate.weight");
                LlamaTensors.BindExperts(config, map, layer, isPresent, "mlp", LlamaTensors.ExpertNames);
            }
            else
            {
                LlamaTensors.BindDense(config, map, layer);
            }
        }
    }
}
