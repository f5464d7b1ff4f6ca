using System.Text.Json.Nodes;
using MoeSharp.Formats;
using MoeSharp.Layers;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Hunyuan (A13B): queries and keys normalised per head after rotation, one shared expert as wide as the routed ones.</summary>
/// <remarks>Source: transformers <c>models/hunyuan_v1_moe</c>. Its <c>dynamic</c> rotation with <c>alpha</c> is a constant base
/// <c>θ·alpha^(d/(d−2))</c>, and is saved as that base.</remarks>
public sealed class HunyuanMoeFamily : Family
{
    /// <inheritdoc/>
    public override string ModelType => "hunyuan_v1_moe";

    /// <inheritdoc/>
    public override string Architecture => "HunYuanMoEV1ForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        double? alpha = (hf.Section("rope_parameters") ?? hf.Section("rope_scaling"))?.GetOptionalDouble("alpha");
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-5, theta: 10000, positions: 2048);
        bool hasBias = hf.Flag("attention_bias", false);
        int width = hf.Int("intermediate_size");
        RequireUsual(hf, shared, width);
        return shared with
        {
            Rotary = WithAlpha(shared.Rotary, alpha, shared.HeadSize),
            QueryKeyNorm = QueryKeyNorm.PerHeadAfterRotation,
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.IntOfAllLayers("num_experts", 1),
                TopK = hf.IntOfAllLayers("moe_topk", 1),
                IntermediateSize = width,
                SharedIntermediateSize = width,
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0),
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["attention_bias"] = config.HasQueryKeyValueBias;
        if (config.Experts is { } experts)
        {
            json["intermediate_size"] = experts.IntermediateSize;
            json["num_experts"] = experts.ExpertCount;
            json["moe_topk"] = experts.TopK;
            if (experts.BalanceCoefficient != 0)
            {
                json["router_aux_loss_coef"] = experts.BalanceCoefficient; // only for training; others pass over it
            }
        }
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent)
    {
        LlamaTensors.BindEnds(config, map);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            LlamaTensors.BindAttention(config, map, layer);
            LlamaTensors.BindRouter(config, map, layer, "mlp.gate.wg.weight");
            LlamaTensors.BindExperts(config, map, layer, isPresent, "mlp", LlamaTensors.ExpertNames);
            LlamaTensors.BindSharedExpert(config, map, layer, "mlp.shared_mlp");
        }
    }

    private static RotaryConfig WithAlpha(RotaryConfig rotary, double? alpha, int headSize) =>
        rotary.Scaling != RopeScaling.Dynamic || alpha is not > 0 || headSize <= 2 ? rotary : new RotaryConfig
        {
            Theta = rotary.Theta * Math.Pow(alpha.Value, headSize / (headSize - 2.0)),
            PartialFactor = rotary.PartialFactor,
        };

    // The published file carries switches of its makers' larger code; those that are thrown here are the only ones known.
    private static void RequireUsual(HfConfig hf, DecoderConfig shared, int width)
    {
        RequireNumber(hf, "moe_intermediate_size", width);
        RequireNumber(hf, "num_shared_expert", 1);
        RequireNumber(hf, "attention_head_dim", shared.HeadSize);
        RequireNumber(hf, "moe_layer_num_skipped", 0);
        hf.Ignore(
            "eod_token_id", "pad_id", "im_start_id", "im_end_id", "im_newline_id", "text_start_id", "text_end_id", "image_token_id",
            "video_start_id", "video_end_id", "mask_init_id", "class_num", "cla_share_factor", "dense_list", "norm_type", "use_qk_norm",
            "use_rotary_pos_emb", "use_mixed_mlp_moe", "moe_drop_tokens", "moe_random_routing_dropped_token", "org_vocab_size",
            "pool_type", "position_embedding_xdrope", "mlp_bias", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim");
    }

    private static void RequireNumber(HfConfig hf, string key, int expected)
    {
        if (hf.IntOfAllLayers(key, expected) is var number && number != expected)
        {
            hf.Fault($"{key} is {number}, which is not supported here. Supported is {expected}.");
        }
    }
}
