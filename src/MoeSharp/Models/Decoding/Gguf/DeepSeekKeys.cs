using MoeSharp.Formats.Gguf;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>The keys that llama.cpp demands of DeepSeek-V3's experts, whatever their values.</summary>
internal static class DeepSeekKeys
{
    /// <summary>Writes them.</summary>
    public static void Write(DecoderConfig config, ExpertsConfig experts, Action<string, GgufValue> set)
    {
        set("leading_dense_block_count", GgufValue.Of((uint)config.DenseLayers.Count));
        set("expert_shared_count", GgufValue.Of((uint)(experts.SharedIntermediateSize / experts.IntermediateSize)));
        set("expert_weights_scale", GgufValue.Of(experts.WeightScale));
        set("expert_weights_norm", GgufValue.Of(experts.NormalizeWeights));
        GgufLayout.WriteScore(experts.Score, set);
    }
}
