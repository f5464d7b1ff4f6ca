using System.Text.Json.Nodes;
using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>FlexOlmo: norms after each part and none before, queries and keys normalised over the whole projection.</summary>
/// <remarks>Source: arXiv:2507.07024; transformers <c>models/flex_olmo</c>.</remarks>
public sealed class FlexOlmoFamily : Family
{
    /// <inheritdoc/>
    public override string ModelType => "flex_olmo";

    /// <inheritdoc/>
    public override string Architecture => "FlexOlmoForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        bool hasBias = hf.Flag("attention_bias", false);
        return HfShared.Read(hf, epsilon: 1e-6, theta: 500000, positions: 4096) with
        {
            NormPlacement = NormPlacement.After,
            QueryKeyNorm = QueryKeyNorm.WholeProjection,
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("num_experts", hf.Int("num_local_experts", 7)),
                TopK = hf.Int("num_experts_per_tok", 5),
                IntermediateSize = hf.Int("intermediate_size"),
                NormalizeWeights = hf.Flag("norm_topk_prob", false),
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.01),
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
            json["num_experts_per_tok"] = experts.TopK;
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
            LlamaTensors.BindRouter(config, map, layer, "mlp.gate.weight");
            LlamaTensors.BindExperts(config, map, layer, isPresent, "mlp", LlamaTensors.ExpertNames);
        }
    }
}
