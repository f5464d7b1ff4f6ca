namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Llama, Mistral and Mixtral: rows of queries and keys are stored interleaved; weights are normalised always.</summary>
public sealed class LlamaLayout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "llama";

    internal override IReadOnlyList<string> ModelTypes => ["llama", "mistral", "mixtral"];

    internal override bool IsPermuted => true;

    internal override bool SharesWidthKey => true;
}
