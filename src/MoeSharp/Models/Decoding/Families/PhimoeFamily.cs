using System.Text.Json.Nodes;
using MoeSharp.Layers;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Phi-3.5-MoE: Mixtral with layer norms, biases, long rotary positions, and the sparse mixer in place of a softmax.</summary>
/// <remarks>Source: Abdin et al. 2024, arXiv:2404.14219; transformers <c>models/phimoe</c>. <c>router_jitter_noise</c> is the width of the
/// sparse mixer's competition, in evaluation too.</remarks>
public sealed class PhimoeFamily : Family
{
    private static readonly (string Gate, string Up, string Down) s_names = ("w1", "w3", "w2");

    /// <inheritdoc/>
    public override string ModelType => "phimoe";

    /// <inheritdoc/>
    public override string Architecture => "PhimoeForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-5, theta: 1e6, positions: 131072, keyValueHeads: 8);
        bool hasBias = hf.Flag("attention_bias", false);
        hf.Ignore("original_max_position_embeddings"); // says nothing without long rotation
        return HfShared.WithWindow(hf, shared, hf.OptionalInt("sliding_window"), _ => false) with
        {
            Norm = NormKind.LayerWithBias,
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            HasHeadBias = hf.Flag("lm_head_bias", false),
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("num_local_experts", hf.Int("num_experts", 16)),
                TopK = hf.Int("num_experts_per_tok", 2),
                IntermediateSize = hf.Int("intermediate_size"),
                Score = ScoreKind.SparseMixer,
                MixerJitter = (float)hf.Number("router_jitter_noise", 0.01),
                RouterJitter = (float)hf.Number("input_jitter_noise", 0),
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.001),
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["sliding_window"] = config.SlidingWindow;
        if (config.Rotary.Scaling == RopeScaling.LongRope)
        {
            json["original_max_position_embeddings"] = config.Rotary.OriginalPositionCount; // transformers looks here when a text grows long
        }

        json["attention_bias"] = config.HasQueryKeyValueBias;
        json["lm_head_bias"] = config.HasHeadBias;
        if (config.Experts is { } experts)
        {
            json["intermediate_size"] = experts.IntermediateSize;
            json["num_local_experts"] = experts.ExpertCount;
            json["num_experts_per_tok"] = experts.TopK;
            json["router_jitter_noise"] = experts.MixerJitter;
            json["input_jitter_noise"] = experts.RouterJitter;
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
            string router = ((string[])["mlp.router.weight", "mlp.gate.weight"]).FirstOrDefault(name => isPresent(LlamaTensors.Block(layer) + name))
                ?? "block_sparse_moe.gate.weight";
            LlamaTensors.BindRouter(config, map, layer, router);
            string module = isPresent(LlamaTensors.Block(layer) + $"mlp.experts.0.{s_names.Gate}.weight") ? "mlp" : "block_sparse_moe";
            LlamaTensors.BindExperts(config, map, layer, isPresent, module, s_names);
        }
    }
}
