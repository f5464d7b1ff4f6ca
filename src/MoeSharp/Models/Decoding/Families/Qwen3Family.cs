using System.Text.Json.Nodes;
using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Qwen3: dense, queries and keys normalised per head, heads of a size of their own.</summary>
/// <remarks>Source: Qwen3 technical report, arXiv:2505.09388; transformers <c>models/qwen3</c>.</remarks>
public sealed class Qwen3Family : Family
{
    /// <inheritdoc/>
    public override string ModelType => "qwen3";

    /// <inheritdoc/>
    public override string Architecture => "Qwen3ForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-6, theta: 10000, positions: 32768, keyValueHeads: 32);
        bool hasBias = hf.Flag("attention_bias", false);
        return Qwen2Family.ReadDense(hf, shared) with
        {
            HeadSize = hf.Int("head_dim", 128),
            QueryKeyNorm = QueryKeyNorm.PerHead,
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        Qwen2Family.WriteDense(config, json);
        json["attention_bias"] = config.HasQueryKeyValueBias;
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent) => Qwen2Family.BindDense(config, map);
}
