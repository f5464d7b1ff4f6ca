using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Hunyuan (A13B): queries and keys normed per head after rotation; weights are normalised always.</summary>
public sealed class HunyuanMoeLayout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "hunyuan-moe";

    internal override IReadOnlyList<string> ModelTypes => ["hunyuan_v1_moe"];

    internal override QueryKeyNorm QueryKeyNorm => QueryKeyNorm.PerHeadAfterRotation;
}
