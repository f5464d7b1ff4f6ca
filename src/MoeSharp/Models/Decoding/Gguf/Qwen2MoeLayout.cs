namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Qwen2-MoE: a shared expert behind a sigmoid; weights are normalised never.</summary>
public sealed class Qwen2MoeLayout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "qwen2moe";

    internal override IReadOnlyList<string> ModelTypes => ["qwen2_moe"];

    internal override bool NormalizesWeights => false;
}
