using System.Text.Json.Nodes;
using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>dots.llm1: DeepSeek-V3's experts (sigmoid, expert bias, groups, shared expert) with ordinary attention.</summary>
/// <remarks>Source: arXiv:2506.05767; transformers <c>models/dots1</c>. The first layers may be dense. This is also the layout in which a
/// decoder with DeepSeek-V3's routing and without latent attention is saved.</remarks>
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
        int expertWidth = hf.Int("moe_intermediate_size");
        int dense = Math.Clamp(hf.Int("first_k_dense_replace", 0), 0, Math.Max(0, shared.LayerCount));
        RequireText(hf, "scoring_func", "sigmoid");
        RequireText(hf, "topk_method", "noaux_tc");
        return HfShared.WithWindow(hf, shared, hf.OptionalInt("sliding_window"), layer => layer < windowLayers) with
        {
            QueryKeyNorm = QueryKeyNorm.PerHead,
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            IntermediateSize = hf.Int("intermediate_size", 0),
            DenseLayers = NumberList.Create([.. Enumerable.Range(0, dense)]),
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("n_routed_experts", hf.Int("num_local_experts", 1)),
                TopK = hf.Int("num_experts_per_tok", 1),
                IntermediateSize = expertWidth,
                Score = ScoreKind.Sigmoid,
                HasExpertBias = true,
                NormalizeWeights = hf.Flag("norm_topk_prob", false),
                WeightScale = (float)hf.Number("routed_scaling_factor", 1),
                GroupCount = hf.Int("n_group", 1),
                KeptGroupCount = hf.Int("topk_group", 1),
                SharedIntermediateSize = hf.Int("n_shared_experts", 0) * expertWidth,
                BalanceCoefficient = 0,
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["attention_bias"] = config.HasQueryKeyValueBias;
        json["sliding_window"] = config.SlidingWindow;
        json["max_window_layers"] = config.SlidingWindow is null ? config.LayerCount : config.FullAttentionLayers.Count;
        json["intermediate_size"] = config.IntermediateSize;
        json["first_k_dense_replace"] = config.DenseLayers.Count;
        if (config.Experts is { } experts)
        {
            json["n_routed_experts"] = experts.ExpertCount;
            json["num_experts_per_tok"] = experts.TopK;
            json["moe_intermediate_size"] = experts.IntermediateSize;
            json["n_shared_experts"] = experts.SharedIntermediateSize / experts.IntermediateSize;
            json["norm_topk_prob"] = experts.NormalizeWeights;
            json["routed_scaling_factor"] = experts.WeightScale;
            json["n_group"] = experts.GroupCount;
            json["topk_group"] = experts.KeptGroupCount;
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
            LlamaTensors.BindExpertBias(config, map, layer, "mlp.gate.e_score_correction_bias");
            LlamaTensors.BindExperts(config, map, layer, isPresent, "mlp", LlamaTensors.ExpertNames);
            if (config.Experts!.SharedIntermediateSize > 0)
            {
                LlamaTensors.BindSharedExpert(config, map, layer, "mlp.shared_experts");
            }
        }
    }

    private static void RequireText(HfConfig hf, string key, string expected)
    {
        if (hf.Text(key, expected) is var text && text != expected)
        {
            hf.Fault($"'{key}' is \"{text}\", which is not supported. Supported is \"{expected}\".");
        }
    }
}
