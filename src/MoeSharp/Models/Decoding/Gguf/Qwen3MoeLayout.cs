namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Qwen3-MoE: queries and keys normed per head; weights are normalised always.</summary>
public sealed class Qwen3MoeLayout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "qwen3moe";

    internal override IReadOnlyList<string> ModelTypes => ["qwen3_moe"];
}
