using MoeSharp.Formats.Gguf;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Granite-MoE, with and without a shared expert: four multipliers, softmax over the chosen, rows of queries and keys interleaved.</summary>
/// <remarks><c>logit_scale</c> divides here.</remarks>
public sealed class GraniteMoeLayout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "granitemoe";

    internal override IReadOnlyList<string> ModelTypes => ["granitemoe", "granitemoeshared"];

    internal override bool IsPermuted => true;

    internal override bool SharesWidthKey => true;

    internal override ScoreKind Score => ScoreKind.SoftmaxOfChosen;

    internal override DecoderConfig Read(GgufFacts facts) => base.Read(facts) with
    {
        EmbeddingScale = Scale(facts, "embedding_scale") ?? 1,
        ResidualScale = Scale(facts, "residual_scale") ?? 1,
        AttentionScale = Scale(facts, "attention.scale"),
        LogitScale = Scale(facts, "logit_scale") is { } divisor ? (float)(1 / (double)divisor) : 1,
    };

    internal override void Write(DecoderConfig config, Action<string, GgufValue> set)
    {
        base.Write(config, set);
        set("embedding_scale", GgufValue.Of(config.EmbeddingScale));
        set("residual_scale", GgufValue.Of(config.ResidualScale));
        set("attention.scale", GgufValue.Of(config.AttentionScale ?? 0));
        set("logit_scale", GgufValue.Of((float)(1 / (double)config.LogitScale)));
    }

    // 0 stands for "none".
    private static float? Scale(GgufFacts facts, string key) => facts.OptionalNumber(key) is { } scale and not 0 ? (float)scale : null;
}
