using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Mixtral: every layer has experts; softmax over all, top-k, renormalised.</summary>
/// <remarks>Source: Jiang et al. 2024, arXiv:2401.04088; transformers <c>models/mixtral</c>. Published as one matrix an expert (w1 gate,
/// w3 up, w2 down); transformers 5 may save fused matrices under <c>mlp</c>, which load too.</remarks>
public sealed class MixtralFamily : Family
{
    private static readonly (string Gate, string Up, string Down) s_names = ("w1", "w3", "w2");

    /// <inheritdoc/>
    public override string ModelType => "mixtral";

    /// <inheritdoc/>
    public override string Architecture => "MixtralForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-5, theta: 1e6, positions: 131072, keyValueHeads: 8);
        return HfShared.WithWindow(hf, shared, hf.OptionalInt("sliding_window"), _ => false) with
        {
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("num_local_experts", hf.Int("num_experts", 8)),
                TopK = hf.Int("num_experts_per_tok", 2),
                IntermediateSize = hf.Int("intermediate_size"),
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.001),
                RouterJitter = (float)hf.Number("router_jitter_noise", 0),
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["sliding_window"] = config.SlidingWindow;
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
            string newer = LlamaTensors.Block(layer) + "mlp.gate.weight";
            LlamaTensors.BindRouter(config, map, layer, isPresent(newer) ? "mlp.gate.weight" : "block_sparse_moe.gate.weight");
            string module = isPresent(LlamaTensors.Block(layer) + $"mlp.experts.0.{s_names.Gate}.weight") ? "mlp" : "block_sparse_moe";
            LlamaTensors.BindExperts(config, map, layer, isPresent, module, s_names);
        }
    }
}
