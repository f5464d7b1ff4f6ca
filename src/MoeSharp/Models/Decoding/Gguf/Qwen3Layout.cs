namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Qwen3, dense: queries and keys normed per head.</summary>
public sealed class Qwen3Layout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "qwen3";

    internal override IReadOnlyList<string> ModelTypes => ["qwen3"];
}
