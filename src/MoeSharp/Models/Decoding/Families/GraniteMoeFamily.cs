using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Granite-MoE: Llama's attention with multipliers, fused experts, softmax over the chosen experts.</summary>
/// <remarks>Source: transformers <c>models/granitemoe</c>.</remarks>
public sealed class GraniteMoeFamily : Family
{
    /// <inheritdoc/>
    public override string ModelType => "granitemoe";

    /// <inheritdoc/>
    public override string Architecture => "GraniteMoeForCausalLM";

    internal override DecoderConfig Read(HfConfig hf) => GraniteLayout.Read(hf, hasShared: false);

    internal override void Write(DecoderConfig config, JsonObject json) => GraniteLayout.Write(config, json, hasShared: false);

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent) => GraniteLayout.Bind(config, map);
}
