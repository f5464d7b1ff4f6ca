using System.Text.Json.Nodes;
using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>MiniMax-M2: queries and keys normalised over the whole projection, a part of each head rotated, sigmoid scores with an expert
/// bias for choosing, no shared expert.</summary>
/// <remarks>Source: transformers <c>models/minimax_m2</c>.</remarks>
public sealed class MiniMaxM2Family : Family
{
    private static readonly (string Gate, string Up, string Down) s_names = ("w1", "w3", "w2");

    /// <inheritdoc/>
    public override string ModelType => "minimax_m2";

    /// <inheritdoc/>
    public override string Architecture => "MiniMaxM2ForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-6, theta: 5e6, positions: 196608, keyValueHeads: 8) with
        {
            HeadSize = hf.Int("head_dim", 128),
        };
        if (hf.OptionalInt("rotary_dim") is { } rotated && !HfRotary.SaysPartialFactor(hf) && shared.HeadSize > 0)
        {
            shared = shared with { Rotary = shared.Rotary with { PartialFactor = (double)rotated / shared.HeadSize } };
        }

        hf.Require("scoring_func", "sigmoid");
        hf.Require("qk_norm_type", "per_layer");
        if (!hf.Flag("use_qk_norm", true) || !hf.Flag("use_routing_bias", true) || hf.Numbers("attn_type_list").Any(type => type != 1))
        {
            hf.Fault("use_qk_norm and use_routing_bias must be true, and attn_type_list all 1 (softmax attention). Others are not supported.");
        }

        hf.Ignore(
            "use_mtp", "num_mtp_modules", "mtp_transformer_layers", "mlp_intermediate_size", "shared_intermediate_size", "layernorm_full_attention_beta",
            "layernorm_linear_attention_beta", "layernorm_mlp_beta"); // extra layers for training, and what other models of theirs use
        return shared with
        {
            QueryKeyNorm = QueryKeyNorm.WholeProjection,
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("num_local_experts", hf.Int("num_experts", 256)),
                TopK = hf.Int("num_experts_per_tok", 8),
                IntermediateSize = hf.Int("intermediate_size"),
                Score = ScoreKind.Sigmoid,
                HasExpertBias = true,
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.001),
                RouterJitter = (float)hf.Number("router_jitter_noise", 0),
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["rotary_dim"] = config.Rotary.RotatedSize(config.HeadSize);
        json["partial_rotary_factor"] = config.Rotary.PartialFactor;
        if (config.Experts is { } experts)
        {
            json["intermediate_size"] = experts.IntermediateSize;
            json["num_local_experts"] = experts.ExpertCount;
            json["num_experts_per_tok"] = experts.TopK;
            json["router_aux_loss_coef"] = experts.BalanceCoefficient;
            json["router_jitter_noise"] = experts.RouterJitter;
            json["output_router_logits"] = false;
        }
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent)
    {
        LlamaTensors.BindEnds(config, map);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            LlamaTensors.BindAttention(config, map, layer);
            string module = isPresent(LlamaTensors.Block(layer) + "mlp.gate.weight") ? "mlp" : "block_sparse_moe";
            LlamaTensors.BindRouter(config, map, layer, module + ".gate.weight");
            LlamaTensors.BindExpertBias(config, map, layer, module + ".e_score_correction_bias");
            LlamaTensors.BindExperts(config, map, layer, isPresent, module, s_names);
        }

        map.Ignore("model.mtp"); // predicts further tokens in training
    }
}
