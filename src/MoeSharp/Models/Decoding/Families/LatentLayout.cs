using System.Text.Json.Nodes;
using MoeSharp.Layers;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>The keys and tensors of multi-head latent attention.</summary>
/// <remarks>Source: DeepSeek-V2, arXiv:2405.04434; transformers <c>models/deepseek_v3</c>. <c>attention_bias</c> reaches the two projections
/// down and the one back. <c>kv_b_proj</c> holds, head by head, the rows of the key and those of the value; the first are ours turned.</remarks>
internal static class LatentLayout
{
    /// <summary>Reads the sizes into what is common to all families.</summary>
    public static DecoderConfig Read(HfConfig hf, DecoderConfig shared)
    {
        bool hasBias = hf.Flag("attention_bias", false);
        var latent = new LatentSizes
        {
            QueryRank = hf.IsAbsent("q_lora_rank") ? 1536 : hf.OptionalInt("q_lora_rank"),
            KeyValueRank = hf.Int("kv_lora_rank", 512),
            UnrotatedSize = hf.Int("qk_nope_head_dim", 128),
            RotatedSize = hf.Int("qk_rope_head_dim", 64),
            ValueSize = hf.Int("v_head_dim", 128),
        };
        hf.Ignore("qk_head_dim"); // the sum; head_dim is another name of the rotated part
        return shared with
        {
            HeadSize = latent.UnrotatedSize + latent.RotatedSize,
            KeyValueHeadCount = shared.HeadCount,
            Rotary = shared.Rotary with { IsInterleaved = hf.Flag("rope_interleave", true) },
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            Latent = latent,
        };
    }

    /// <summary>Writes the sizes, after what is common to all families.</summary>
    public static void Write(DecoderConfig config, JsonObject json)
    {
        json["attention_bias"] = config.HasQueryKeyValueBias;
        if (config.Latent is { } latent)
        {
            json["head_dim"] = latent.RotatedSize;
            json["qk_head_dim"] = config.HeadSize;
            json["qk_nope_head_dim"] = latent.UnrotatedSize;
            json["qk_rope_head_dim"] = latent.RotatedSize;
            json["v_head_dim"] = latent.ValueSize;
            json["kv_lora_rank"] = latent.KeyValueRank;
            json["q_lora_rank"] = latent.QueryRank;
            json["rope_interleave"] = config.Rotary.IsInterleaved;
        }
    }

    /// <summary>Binds the tensors of one layer.</summary>
    public static void Bind(DecoderConfig config, LatentSizes latent, WeightMap map, string theirs, string ours)
    {
        long hidden = config.HiddenSize, heads = config.HeadCount, rank = latent.KeyValueRank;
        long queries = heads * config.HeadSize;
        if (latent.QueryRank is { } queryRank)
        {
            LlamaTensors.BindLinear(map, theirs + "q_a_proj", ours + "query_down", queryRank, hidden, config.HasQueryKeyValueBias);
            map.Add(theirs + "q_a_layernorm.weight", ours + "query_norm.weight", new TensorShape(queryRank));
            LlamaTensors.BindLinear(map, theirs + "q_b_proj", ours + "query", queries, queryRank, hasBias: false);
        }
        else
        {
            LlamaTensors.BindLinear(map, theirs + "q_proj", ours + "query", queries, hidden, hasBias: false);
        }

        LlamaTensors.BindLinear(
            map, theirs + "kv_a_proj_with_mqa", ours + "latent_down", rank + latent.RotatedSize, hidden, config.HasQueryKeyValueBias);
        map.Add(theirs + "kv_a_layernorm.weight", ours + "latent_norm.weight", new TensorShape(rank));
        BindUp(latent, map, theirs + "kv_b_proj.weight", ours, heads);
        LlamaTensors.BindLinear(map, theirs + "o_proj", ours + "output", hidden, heads * latent.ValueSize, config.HasOutputBias);
        map.Ignore(theirs + "rotary_emb.inv_freq"); // a constant that old checkpoints stored
    }

    /// <summary>Binds the rows of keys and values in one matrix <c>[H·(n + v), c]</c>: ours are <c>[H, c, n]</c>, turned, and <c>[H, v, c]</c>.</summary>
    internal static void BindUp(LatentSizes latent, WeightMap map, string tensor, string ours, long heads)
    {
        long rank = latent.KeyValueRank, keys = latent.UnrotatedSize, values = latent.ValueSize;
        var segments = new List<WeightSegment>();
        for (long head = 0; head < heads; head++)
        {
            long start = head * (keys + values) * rank;
            segments.Add(WeightSegment.Block(
                ours + "key_up", head * rank * keys, rank, keys, start, rowStride: 1, columnStride: rank));
            segments.Add(new WeightSegment(ours + "value_up", head * values * rank, start + (keys * rank), values * rank));
        }

        map.Add(tensor, new TensorShape(heads * (keys + values), rank), segments);
    }
}
