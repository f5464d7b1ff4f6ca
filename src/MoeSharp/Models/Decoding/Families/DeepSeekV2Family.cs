using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>DeepSeek-V2 and V2-Lite: latent attention, softmax scores as they are times a constant, groups judged by their best expert.</summary>
/// <remarks>Source: arXiv:2405.04434; transformers <c>models/deepseek_v2</c>, which scales the weights and never normalises them, whatever
/// <c>norm_topk_prob</c> says.</remarks>
public sealed class DeepSeekV2Family : Family
{
    private const string Greedy = "greedy";
    private const string Grouped = "group_limited_greedy";

    /// <inheritdoc/>
    public override string ModelType => "deepseek_v2";

    /// <inheritdoc/>
    public override string Architecture => "DeepseekV2ForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig config = LatentLayout.Read(hf, HfShared.Read(hf, epsilon: 1e-6, theta: 10000, positions: 2048));
        bool hasBias = hf.Flag("mlp_bias", false);
        int width = hf.Int("moe_intermediate_size"), sharedWidth = hf.Int("n_shared_experts", 0) * width;
        hf.Require("scoring_func", "softmax");
        hf.Ignore("norm_topk_prob");
        ExpertsConfig experts = new()
        {
            ExpertCount = hf.Int("n_routed_experts", hf.Int("num_local_experts", 64)),
            TopK = hf.Int("num_experts_per_tok", 1),
            IntermediateSize = width,
            NormalizeWeights = false,
            WeightScale = (float)hf.Number("routed_scaling_factor", 1),
            SharedIntermediateSize = sharedWidth,
            HasSharedBias = hasBias && sharedWidth > 0,
            BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0),
        };
        return config with
        {
            Rotary = config.Rotary with { IsInterleaved = true }, // has no key for it
            HasFeedForwardBias = hasBias,
            IntermediateSize = hf.Int("intermediate_size", 0),
            DenseLayers = DeepSeekExperts.ReadDenseLayers(hf, config),
            Experts = WithGroups(hf, experts),
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        LatentLayout.Write(config, json);
        DeepSeekExperts.Write(config, json);
        json["mlp_bias"] = config.HasFeedForwardBias;
        json["scoring_func"] = "softmax";
        json["topk_method"] = config.Experts?.GroupCount > 1 ? Grouped : Greedy;
        if (config.Experts is { GroupCount: 1 })
        {
            json["n_group"] = null;
            json["topk_group"] = null;
        }
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent) =>
        DeepSeekExperts.Bind(config, map, isPresent);

    private static ExpertsConfig WithGroups(HfConfig hf, ExpertsConfig experts)
    {
        int groups = hf.Int("n_group", 1), kept = hf.Int("topk_group", 1);
        string method = hf.Text("topk_method", Greedy);
        if (method is not (Greedy or Grouped))
        {
            hf.Fault($"topk_method is \"{method}\", which is not supported. Supported are \"{Greedy}\" and \"{Grouped}\".");
        }

        return method == Greedy || groups == 1
            ? experts
            : experts with { GroupCount = groups, KeptGroupCount = kept, GroupScoreCount = 1 };
    }
}
