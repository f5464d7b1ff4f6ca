using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Kimi K2: DeepSeek-V3 under another name, with more experts and fewer heads.</summary>
/// <remarks>Source: arXiv:2507.20534. Its files name DeepSeek-V3's class.</remarks>
public sealed class KimiK2Family : Family
{
    private static readonly DeepSeekV3Family s_same = new();

    /// <inheritdoc/>
    public override string ModelType => "kimi_k2";

    /// <inheritdoc/>
    public override string Architecture => s_same.Architecture;

    internal override DecoderConfig Read(HfConfig hf) => s_same.Read(hf);

    internal override void Write(DecoderConfig config, JsonObject json) => s_same.Write(config, json);

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent) => s_same.Bind(config, map, isPresent);
}
