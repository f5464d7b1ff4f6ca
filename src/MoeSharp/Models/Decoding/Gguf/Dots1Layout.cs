using MoeSharp.Formats.Gguf;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>dots.llm1: DeepSeek-V3's experts. Sigmoid scores where no key says so, as its code has them.</summary>
public sealed class Dots1Layout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "dots1";

    internal override IReadOnlyList<string> ModelTypes => ["dots1"];

    internal override bool NormalizesWeights => false;

    internal override ScoreKind Score => ScoreKind.Sigmoid;

    internal override void WriteExperts(DecoderConfig config, ExpertsConfig experts, Action<string, GgufValue> set)
    {
        base.WriteExperts(config, experts, set);
        DeepSeekKeys.Write(config, experts, set);
    }
}
