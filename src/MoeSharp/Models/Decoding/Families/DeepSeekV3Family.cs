using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>DeepSeek-V3 and R1: latent attention, sigmoid scores, an expert bias for choosing, groups judged by their two best.</summary>
/// <remarks>Source: arXiv:2412.19437; transformers <c>models/deepseek_v3</c>. Layers after the last, which predict further tokens in training,
/// are left alone.</remarks>
public sealed class DeepSeekV3Family : Family
{
    /// <inheritdoc/>
    public override string ModelType => "deepseek_v3";

    /// <inheritdoc/>
    public override string Architecture => "DeepseekV3ForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-6, theta: 10000, positions: 4096);
        return DeepSeekExperts.Read(hf, LatentLayout.Read(hf, shared), normalizes: true);
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        LatentLayout.Write(config, json);
        DeepSeekExperts.Write(config, json);
        json["scoring_func"] = "sigmoid";
        json["topk_method"] = "noaux_tc";
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent) =>
        DeepSeekExperts.Bind(config, map, isPresent);
}
