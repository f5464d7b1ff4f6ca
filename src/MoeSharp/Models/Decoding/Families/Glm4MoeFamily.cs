using System.Text.Json.Nodes;
using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>GLM-4.5: DeepSeek-V3's experts with ordinary attention; a part of each head is rotated; query-key norm is a choice.</summary>
/// <remarks>Source: arXiv:2508.06471; transformers <c>models/glm4_moe</c>. This is also the layout in which a decoder with DeepSeek-V3's
/// routing, but without latent attention, is saved.</remarks>
public sealed class Glm4MoeFamily : Family
{
    private const double DefaultRotatedPart = 0.5;

    /// <inheritdoc/>
    public override string ModelType => "glm4_moe";

    /// <inheritdoc/>
    public override string Architecture => "Glm4MoeForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-5, theta: 10000, positions: 131072, keyValueHeads: 8);
        if (!HfRotary.SaysPartialFactor(hf))
        {
            shared = shared with { Rotary = shared.Rotary with { PartialFactor = DefaultRotatedPart } };
        }

        return DeepSeekExperts.Read(hf, shared, normalizes: true) with
        {
            QueryKeyNorm = hf.Flag("use_qk_norm", false) ? QueryKeyNorm.PerHead : QueryKeyNorm.None,
            HasQueryKeyValueBias = hf.Flag("attention_bias", false),
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["partial_rotary_factor"] = config.Rotary.PartialFactor;
        json["use_qk_norm"] = config.QueryKeyNorm == QueryKeyNorm.PerHead;
        json["attention_bias"] = config.HasQueryKeyValueBias;
        DeepSeekExperts.Write(config, json);
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent) =>
        DeepSeekExperts.Bind(config, map, isPresent);
}
