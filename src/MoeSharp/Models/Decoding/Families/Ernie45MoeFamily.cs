using System.Text.Json.Nodes;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>ERNIE 4.5: interleaved rotation, softmax scores with an expert bias for choosing, shared experts, dense layers around.</summary>
/// <remarks>Source: ERNIE 4.5 technical report (Baidu, 2025); transformers <c>models/ernie4_5_moe</c>. <c>use_bias</c> reaches every
/// projection, the head included, but not the routed experts.</remarks>
public sealed class Ernie45MoeFamily : Family
{
    /// <inheritdoc/>
    public override string ModelType => "ernie4_5_moe";

    /// <inheritdoc/>
    public override string Architecture => "Ernie4_5_MoeForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-5, theta: 500000, positions: 131072, keyValueHeads: 4);
        bool hasBias = hf.Flag("use_bias", false);
        int width = hf.Int("moe_intermediate_size", 1536);
        int sharedWidth = hf.Int("moe_num_shared_experts", 2) * width;
        hf.Require("moe_gate", "topk");
        hf.Ignore("moe_use_aux_free", "moe_capacity", "num_nextn_predict_layers", "use_rmsnorm"); // training, and what is always so
        return shared with
        {
            Rotary = shared.Rotary with { IsInterleaved = true },
            IsTied = hf.Flag("tie_word_embeddings", true),
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            HasFeedForwardBias = hasBias,
            HasHeadBias = hasBias,
            IntermediateSize = hf.Int("intermediate_size"),
            DenseLayers = ReadDenseLayers(hf, shared.LayerCount),
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("moe_num_experts", hf.Int("num_experts", 64)),
                TopK = hf.Int("moe_k", hf.Int("num_experts_per_tok", 6)),
                IntermediateSize = width,
                HasExpertBias = true,
                WeightSumMinimum = (float)hf.Number("moe_norm_min", 1e-12),
                SharedIntermediateSize = sharedWidth,
                HasSharedBias = hasBias && sharedWidth > 0,
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.001),
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["intermediate_size"] = config.IntermediateSize;
        json["use_bias"] = config.HasQueryKeyValueBias;
        if (config.Experts is { } experts)
        {
            WriteLayers(config, json);
            json["moe_num_experts"] = experts.ExpertCount;
            json["moe_k"] = experts.TopK;
            json["moe_intermediate_size"] = experts.IntermediateSize;
            json["moe_num_shared_experts"] = experts.SharedIntermediateSize / experts.IntermediateSize;
            json["moe_norm_min"] = experts.WeightSumMinimum;
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
            map.Add(
                LlamaTensors.Block(layer) + "mlp.moe_statics.e_score_correction_bias",
                $"layers.{layer}.router.expert_bias",
                new TensorShape(1, config.Experts!.ExpertCount));
            LlamaTensors.BindExperts(config, map, layer, isPresent, "mlp", LlamaTensors.ExpertNames);
            if (config.Experts.SharedIntermediateSize > 0)
            {
                LlamaTensors.BindSharedExpert(config, map, layer, "mlp.shared_experts");
            }
        }

        map.Ignore("model.mtp_"); // predicts further tokens in training
    }

    // Layer N has experts where (N + 1) is a multiple of the interval, and N from start to end.
    private static NumberList ReadDenseLayers(HfConfig hf, int layerCount)
    {
        int start = hf.Int("moe_layer_start_index", 1), end = hf.Int("moe_layer_end_index", -1);
        int interval = Math.Max(1, hf.Int("moe_layer_interval", 1));
        return NumberList.Create([.. Enumerable.Range(0, Math.Max(0, layerCount))
            .Where(layer => (layer + 1) % interval != 0 || layer < start || (end != -1 && layer > end))]);
    }

    private static void WriteLayers(DecoderConfig config, JsonObject json)
    {
        int[] sparse = [.. Enumerable.Range(0, config.LayerCount).Where(config.HasExperts)];
        json["moe_layer_start_index"] = sparse.FirstOrDefault();
        json["moe_layer_end_index"] = sparse.LastOrDefault(-1);
        json["moe_layer_interval"] = sparse.Length > 1 ? sparse[1] - sparse[0] : sparse.FirstOrDefault() + 1;
    }
}
