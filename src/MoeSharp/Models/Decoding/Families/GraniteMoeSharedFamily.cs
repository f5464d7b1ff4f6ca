using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Granite-MoE with an expert that every token visits.</summary>
/// <remarks>Source: transformers <c>models/granitemoeshared</c>.</remarks>
public sealed class GraniteMoeSharedFamily : Family
{
    /// <inheritdoc/>
    public override string ModelType => "granitemoeshared";

    /// <inheritdoc/>
    public override string Architecture => "GraniteMoeSharedForCausalLM";

    internal override DecoderConfig Read(HfConfig hf) => GraniteLayout.Read(hf, hasShared: true);

    internal override void Write(DecoderConfig config, JsonObject json) => GraniteLayout.Write(config, json, hasShared: true);

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent) => GraniteLayout.Bind(config, map);
}
