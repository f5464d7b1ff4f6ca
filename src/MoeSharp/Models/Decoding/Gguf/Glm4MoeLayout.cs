using MoeSharp.Formats.Gguf;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>GLM-4.5: DeepSeek-V3's experts; the second norm has another name, a part of each head is rotated.</summary>
public sealed class Glm4MoeLayout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "glm4moe";

    internal override IReadOnlyList<string> ModelTypes => ["glm4_moe"];

    internal override string FeedForwardNormName => "post_attention_norm";

    internal override bool NormalizesWeights => false;

    internal override ScoreKind Score => ScoreKind.Sigmoid;

    internal override void WriteExperts(DecoderConfig config, ExpertsConfig experts, Action<string, GgufValue> set)
    {
        base.WriteExperts(config, experts, set);
        DeepSeekKeys.Write(config, experts, set);
        set("nextn_predict_layers", GgufValue.Of(0u));
    }
}
