using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>The keys and tensors of DeepSeek-V3's experts, which several families have taken over: sigmoid scores, an expert bias for
/// choosing, groups, a scale, shared experts, and dense layers at the start.</summary>
/// <remarks>Source: DeepSeek-V3, arXiv:2412.19437. A group's score is the sum of its two best; closed groups are out whatever their scores.</remarks>
internal static class DeepSeekExperts
{
    /// <summary>Adds the facts of experts and dense layers.</summary>
    /// <param name="hf">The file.</param>
    /// <param name="config">What was read so far.</param>
    /// <param name="normalizes">The family's default of <c>norm_topk_prob</c>.</param>
    public static DecoderConfig Read(HfConfig hf, DecoderConfig config, bool normalizes)
    {
        int width = hf.Int("moe_intermediate_size");
        hf.Require("scoring_func", "sigmoid");
        hf.Require("topk_method", "noaux_tc");
        _ = hf.OptionalInt("num_nextn_predict_layers"); // extra layers for training, left alone by Bind
        return config with
        {
            IntermediateSize = hf.Int("intermediate_size", 0),
            DenseLayers = ReadDenseLayers(hf, config),
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("n_routed_experts", hf.Int("num_local_experts", 1)),
                TopK = hf.Int("num_experts_per_tok", 1),
                IntermediateSize = width,
                Score = ScoreKind.Sigmoid,
                HasExpertBias = true,
                NormalizeWeights = hf.Flag("norm_topk_prob", normalizes),
                WeightScale = (float)hf.Number("routed_scaling_factor", 1),
                GroupCount = hf.Int("n_group", 1),
                KeptGroupCount = hf.Int("topk_group", 1),
                SharedIntermediateSize = hf.Int("n_shared_experts", 0) * width,
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0),
            },
        };
    }

    /// <summary>The layers without experts: the first ones, and with latent attention those that are no multiple of
    /// <c>moe_layer_freq</c>, as in DeepSeek's own code.</summary>
    public static NumberList ReadDenseLayers(HfConfig hf, DecoderConfig config)
    {
        int first = hf.Int("first_k_dense_replace", 0);
        int every = config.Latent is null ? 1 : Math.Max(1, hf.Int("moe_layer_freq", 1));
        return NumberList.Create([.. Enumerable.Range(0, Math.Max(0, config.LayerCount))
            .Where(layer => layer < first || layer % every != 0)]);
    }

    /// <summary>Writes the facts of experts and dense layers.</summary>
    public static void Write(DecoderConfig config, JsonObject json)
    {
        json["intermediate_size"] = config.IntermediateSize;
        WriteDenseLayers(config, json);
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
            json["num_nextn_predict_layers"] = 0;
            if (experts.BalanceCoefficient != 0)
            {
                json["router_aux_loss_coef"] = experts.BalanceCoefficient; // only for training; others pass over it
            }
        }
    }

    private static void WriteDenseLayers(DecoderConfig config, JsonObject json)
    {
        int[] sparse = [.. Enumerable.Range(0, config.LayerCount).Where(layer => !config.DenseLayers.Contains(layer))];
        json["first_k_dense_replace"] = sparse.Length == 0 ? config.LayerCount : sparse[0];
        if (config.Latent is not null)
        {
            json["moe_layer_freq"] = sparse.Length > 1 ? sparse[1] - sparse[0] : 1;
        }
    }

    /// <summary>Binds all tensors of a model.</summary>
    public static void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent)
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
            if (config.Experts!.HasExpertBias)
            {
                LlamaTensors.BindExpertBias(config, map, layer, "mlp.gate.e_score_correction_bias");
            }

            LlamaTensors.BindExperts(config, map, layer, isPresent, "mlp", LlamaTensors.ExpertNames);
            if (config.Experts.SharedIntermediateSize > 0)
            {
                LlamaTensors.BindSharedExpert(config, map, layer, "mlp.shared_experts");
            }
        }

        // Blocks after the last that predict further tokens in training are known by their projection; any other is left over.
        for (int layer = config.LayerCount; isPresent(LlamaTensors.Block(layer) + "eh_proj.weight"); layer++)
        {
            map.Ignore(LlamaTensors.Block(layer));
        }
    }
}
