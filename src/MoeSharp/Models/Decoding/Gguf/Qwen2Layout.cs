namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Qwen2 and Qwen2.5, dense: biases on queries, keys and values.</summary>
public sealed class Qwen2Layout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "qwen2";

    internal override IReadOnlyList<string> ModelTypes => ["qwen2"];
}
