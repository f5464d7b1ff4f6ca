using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Qwen2-MoE (Qwen1.5-MoE): biases on queries, keys and values; a shared expert behind a sigmoid.</summary>
/// <remarks>Source: Qwen2 technical report, arXiv:2407.10671; transformers <c>models/qwen2_moe</c>.</remarks>
public sealed class Qwen2MoeFamily : Family
{
    /// <inheritdoc/>
    public override string ModelType => "qwen2_moe";

    /// <inheritdoc/>
    public override string Architecture => "Qwen2MoeForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-6, theta: 10000, positions: 32768, keyValueHeads: 16);
        int? window = hf.Flag("use_sliding_window", false) ? hf.Int("sliding_window", 4096) : null;
        _ = hf.OptionalInt("sliding_window");
        int windowLayers = hf.Int("max_window_layers", 28);
        return HfShared.WithWindow(hf, shared, window, layer => layer % 2 != 0 || layer >= windowLayers) with
        {
            HasQueryKeyValueBias = hf.Flag("qkv_bias", true),
            IntermediateSize = hf.Int("intermediate_size", 0),
            DenseLayers = HfShared.ReadDenseLayers(hf, shared.LayerCount),
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("num_experts", hf.Int("num_local_experts", 60)),
                TopK = hf.Int("num_experts_per_tok", 4),
                IntermediateSize = hf.Int("moe_intermediate_size"),
                NormalizeWeights = hf.Flag("norm_topk_prob", false),
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.001),
                SharedIntermediateSize = hf.Int("shared_expert_intermediate_size", 5632),
                IsSharedGated = true,
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        HfShared.WriteWindow(config, json);
        json["qkv_bias"] = config.HasQueryKeyValueBias;
        json["intermediate_size"] = config.IntermediateSize;
        json["decoder_sparse_step"] = 1;
        json["mlp_only_layers"] = HfShared.Array(config.DenseLayers);
        if (config.Experts is { } experts)
        {
            json["num_experts"] = experts.ExpertCount;
            json["num_experts_per_tok"] = experts.TopK;
            json["moe_intermediate_size"] = experts.IntermediateSize;
            json["shared_expert_intermediate_size"] = experts.SharedIntermediateSize;
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
            if (!config.HasExperts(layer))
            {
                LlamaTensors.BindDense(config, map, layer);
                continue;
            }

            LlamaTensors.BindRouter(config, map, layer, "mlp.gate.weight");
            LlamaTensors.BindExperts(config, map, layer, isPresent, "mlp", LlamaTensors.ExpertNames);
            LlamaTensors.BindSharedExpert(config, map, layer, "mlp.shared_expert");
            map.Add(
                LlamaTensors.Block(layer) + "mlp.shared_expert_gate.weight",
                $"layers.{layer}.shared.sigmoid_projection.weight",
                new Tensors.TensorShape(1, config.HiddenSize));
        }
    }
}
