using MoeSharp.Formats.Gguf;
using MoeSharp.Layers;
using MoeSharp.Models.Decoding.Families;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>DeepSeek-V2, V3, R1 and Kimi K2: latent attention, stored absorbed, or with the matrix of keys and values as older files have it.</summary>
/// <remarks>
/// <para>A file tells V2 from V3 only by how logits become scores: with softmax a group of experts is judged by its best, as DeepSeek-V2's
/// own code does and llama.cpp does not; with sigmoid by its two best.</para>
/// <para>Queries pass through a low rank where the file has <c>attn_q_a</c>, whatever its keys say.</para>
/// </remarks>
public sealed class DeepSeek2Layout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "deepseek2";

    internal override IReadOnlyList<string> ModelTypes => ["deepseek_v3", "deepseek_v2", "kimi_k2"];

    internal override bool IsInterleaved => true;

    internal override bool NormalizesWeights => false;

    internal override (int HeadSize, int KeyValueHeadCount, LatentSizes? Latent) ReadHeads(GgufFacts facts, int hidden, int heads)
    {
        int headSize = facts.OptionalInt("attention.key_length_mla") ?? facts.Int("attention.key_length");
        int rotated = facts.Int("rope.dimension_count");
        var latent = new LatentSizes
        {
            QueryRank = facts.Size(GgufBinding.Block(0) + "attn_q_a.weight", 1),
            KeyValueRank = facts.Int("attention.kv_lora_rank"),
            RotatedSize = rotated,
            UnrotatedSize = headSize - rotated,
            ValueSize = facts.OptionalInt("attention.value_length_mla") ?? facts.Int("attention.value_length"),
        };
        return (headSize, heads, latent);
    }

    internal override ExpertsConfig ReadExperts(GgufFacts facts, string block)
    {
        ExpertsConfig experts = base.ReadExperts(facts, block);
        return experts.GroupCount > 1 && experts.Score == ScoreKind.Softmax ? experts with { GroupScoreCount = 1 } : experts;
    }

    internal override void Write(DecoderConfig config, Action<string, GgufValue> set)
    {
        base.Write(config, set);
        if (config.Latent is not { } latent)
        {
            return;
        }

        set("attention.head_count_kv", GgufValue.Of(1u));
        set("attention.key_length", GgufValue.Of((uint)(latent.KeyValueRank + latent.RotatedSize)));
        set("attention.value_length", GgufValue.Of((uint)latent.KeyValueRank));
        set("attention.key_length_mla", GgufValue.Of((uint)config.HeadSize));
        set("attention.value_length_mla", GgufValue.Of((uint)latent.ValueSize));
        set("attention.kv_lora_rank", GgufValue.Of((uint)latent.KeyValueRank));
        if (latent.QueryRank is { } rank)
        {
            set("attention.q_lora_rank", GgufValue.Of((uint)rank));
        }
    }

    internal override void WriteExperts(DecoderConfig config, ExpertsConfig experts, Action<string, GgufValue> set)
    {
        base.WriteExperts(config, experts, set);
        DeepSeekKeys.Write(config, experts, set);
    }

    internal override void BindAttention(GgufBinding binding, string block, string ours)
    {
        DecoderConfig config = binding.Config;
        if (config.Latent is not { } latent)
        {
            base.BindAttention(binding, block, ours); // another model, which this layout cannot say
            return;
        }

        long hidden = config.HiddenSize, heads = config.HeadCount, rank = latent.KeyValueRank;
        if (latent.QueryRank is { } queryRank)
        {
            binding.Linear(block + "attn_q_a", ours + "query_down", queryRank, hidden);
            binding.Add(block + "attn_q_a_norm.weight", ours + "query_norm.weight", queryRank);
            binding.Linear(block + "attn_q_b", ours + "query", heads * config.HeadSize, queryRank);
        }
        else
        {
            binding.Linear(block + "attn_q", ours + "query", heads * config.HeadSize, hidden);
        }

        binding.Linear(block + "attn_kv_a_mqa", ours + "latent_down", rank + latent.RotatedSize, hidden);
        binding.Add(block + "attn_kv_a_norm.weight", ours + "latent_norm.weight", rank);
        if (binding.Fits(block + "attn_kv_b.weight", heads * (latent.UnrotatedSize + latent.ValueSize)) && binding.Has(block + "attn_kv_b.weight"))
        {
            LatentLayout.BindUp(latent, binding.Map, block + "attn_kv_b.weight", ours, heads);
            binding.Map.Ignore(block + "attn_k_b."); // once more, in files that have both
            binding.Map.Ignore(block + "attn_v_b.");
        }
        else
        {
            binding.Add(block + "attn_k_b.weight", ours + "key_up", heads, rank, latent.UnrotatedSize);
            binding.Add(block + "attn_v_b.weight", ours + "value_up", heads, latent.ValueSize, rank);
        }

        binding.Linear(block + "attn_output", ours + "output", hidden, heads * latent.ValueSize, config.HasOutputBias);
    }
}
