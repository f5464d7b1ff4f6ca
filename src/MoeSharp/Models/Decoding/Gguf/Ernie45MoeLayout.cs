using MoeSharp.Formats.Gguf;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>ERNIE 4.5: neighbouring columns rotate, softmax scores with an expert bias; weights are normalised always.</summary>
/// <remarks>The width of the shared expert is taken from its tensor: the key is wrong in converted files.</remarks>
public sealed class Ernie45MoeLayout : GgufLayout
{
    private const float WeightSumMinimum = 1e-12f; // no key has it

    /// <inheritdoc/>
    public override string Architecture => "ernie4_5-moe";

    internal override IReadOnlyList<string> ModelTypes => ["ernie4_5_moe"];

    internal override bool IsInterleaved => true;

    internal override ExpertsConfig ReadExperts(GgufFacts facts, string block) =>
        base.ReadExperts(facts, block) with { WeightSumMinimum = WeightSumMinimum };

    internal override void WriteExperts(DecoderConfig config, ExpertsConfig experts, Action<string, GgufValue> set)
    {
        base.WriteExperts(config, experts, set);
        set("interleave_moe_layer_step", GgufValue.Of(1u));
        set("leading_dense_block_count", GgufValue.Of((uint)config.DenseLayers.Count));
        set("expert_shared_count", GgufValue.Of((uint)(experts.SharedIntermediateSize / experts.IntermediateSize)));
    }
}
