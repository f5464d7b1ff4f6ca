using System.Text.Json.Nodes;
using MoeSharp.Layers;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Llama 4's language model: attention in blocks where positions rotate, everything and a temperature where they do not; one
/// expert of many, weighted on its input, beside a shared one.</summary>
/// <remarks>Source: Meta 2025, The Llama 4 herd; transformers <c>models/llama4</c>. Stacks of experts lie transposed: <c>[E, D, 2F]</c>, gate
/// columns first.</remarks>
public sealed class Llama4TextFamily : Family
{
    /// <inheritdoc/>
    public override string ModelType => "llama4_text";

    /// <inheritdoc/>
    public override string Architecture => "Llama4ForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-5, theta: 500000, positions: 131072, keyValueHeads: 8);
        int count = Math.Max(0, shared.LayerCount), width = hf.Int("intermediate_size", 8192);
        bool hasBias = hf.Flag("attention_bias", false);
        hf.Ignore("for_llm_compressor", "cache_implementation", "attn_implementation");
        NumberList unrotated = ReadUnrotated(hf, count);
        double temperature = hf.Number("attn_scale", 0.1), floor = hf.Number("floor_scale", 8192);
        shared = WithBlocks(hf, shared, unrotated);
        return shared with
        {
            HeadSize = hf.Int("head_dim", 128),
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            Rotary = shared.Rotary with { IsInterleaved = true },
            UnrotatedLayers = unrotated,
            Temperature = hf.IsTruthy("attn_temperature_tuning", true) ? new QueryTemperature(temperature, floor) : null,
            QueryKeyNorm = hf.Flag("use_qk_norm", true) ? QueryKeyNorm.UnweightedAfterRotation : QueryKeyNorm.None,
            IntermediateSize = hf.Int("intermediate_size_mlp", 16384),
            DenseLayers = ReadDenseLayers(hf, count),
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("num_local_experts", hf.Int("num_experts", 16)),
                TopK = hf.Int("num_experts_per_tok", 1),
                IntermediateSize = width,
                SharedIntermediateSize = width,
                Score = ScoreKind.Sigmoid,
                NormalizeWeights = false,
                WeighsInput = true,
                RouterJitter = (float)hf.Number("router_jitter_noise", 0),
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.001),
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["attention_bias"] = config.HasQueryKeyValueBias;
        json["attention_chunk_size"] = config.AttentionBlockLength;
        json["layer_types"] = new JsonArray([.. Layers(config).Select(layer => (JsonNode?)JsonValue.Create(
            config.BlockLengthOf(layer) is null ? "full_attention" : "chunked_attention"))]);
        json["no_rope_layers"] = new JsonArray([.. Layers(config).Select(layer => (JsonNode?)JsonValue.Create(config.UnrotatedLayers.Contains(layer) ? 0 : 1))]);
        json["attn_temperature_tuning"] = config.Temperature is not null;
        json["attn_scale"] = config.Temperature?.Scale ?? 0.1;
        json["floor_scale"] = config.Temperature?.Floor ?? 8192;
        json["use_qk_norm"] = config.QueryKeyNorm == QueryKeyNorm.UnweightedAfterRotation;
        json["intermediate_size_mlp"] = config.IntermediateSize;
        json["moe_layers"] = HfShared.Array(NumberList.Create([.. Layers(config).Where(config.HasExperts)]));
        json["interleave_moe_layer_step"] = 1; // for readers that do not know moe_layers
        if (config.Experts is { } experts)
        {
            json["intermediate_size"] = experts.IntermediateSize;
            json["num_local_experts"] = experts.ExpertCount;
            json["num_experts_per_tok"] = experts.TopK;
            json["router_jitter_noise"] = experts.RouterJitter;
            json["router_aux_loss_coef"] = experts.BalanceCoefficient;
            json["output_router_logits"] = false;
        }
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent) => Bind(config, map, "");

    /// <summary>Binds all tensors, behind a prefix where the language model is a part of a larger one.</summary>
    internal static void Bind(DecoderConfig config, WeightMap map, string prefix)
    {
        LlamaTensors.BindEnds(config, map, prefix + "model.embed_tokens.weight", prefix + "model.norm", prefix + "lm_head");
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string theirs = prefix + LlamaTensors.Block(layer), ours = $"layers.{layer}.";
            LlamaTensors.BindNorm(config, map, theirs + "input_layernorm", ours + "attention_norm");
            LlamaTensors.BindNorm(config, map, theirs + "post_attention_layernorm", ours + "feed_forward_norm");
            LlamaTensors.BindSelfAttention(config, map, theirs + "self_attn.", ours + "attention.");
            theirs += "feed_forward";
            if (!config.HasExperts(layer))
            {
                LlamaTensors.BindFeedForward(map, theirs, ours + "feed_forward", config.HiddenSize, config.IntermediateSize);
                continue;
            }

            ExpertsConfig facts = config.Experts!;
            map.Add(theirs + ".router.weight", ours + "router.weight", new TensorShape(facts.ExpertCount, config.HiddenSize));
            LlamaTensors.BindFeedForward(map, theirs + ".shared_expert", ours + "shared", config.HiddenSize, facts.SharedIntermediateSize);
            BindExperts(config, map, theirs + ".experts.", ours + "experts.");
        }
    }

    private static void BindExperts(DecoderConfig config, WeightMap map, string theirs, string ours)
    {
        ExpertsConfig facts = config.Experts!;
        long hidden = config.HiddenSize, width = facts.IntermediateSize, matrix = width * hidden;
        List<WeightSegment> inward = [], outward = [];
        for (int e = 0; e < facts.ExpertCount; e++)
        {
            inward.Add(WeightSegment.Block(
                ours + "gate_projection", e * matrix, width, hidden, 2 * e * matrix, rowStride: 1, columnStride: 2 * width));
            inward.Add(WeightSegment.Block(
                ours + "up_projection", e * matrix, width, hidden, (2 * e * matrix) + width, rowStride: 1, columnStride: 2 * width));
            outward.Add(WeightSegment.Block(ours + "down_projection", e * matrix, hidden, width, e * matrix, rowStride: 1, columnStride: hidden));
        }

        map.Add(theirs + "gate_up_proj", new TensorShape(facts.ExpertCount, hidden, 2 * width), inward);
        map.Add(theirs + "down_proj", new TensorShape(facts.ExpertCount, width, hidden), outward);
    }

    private static IEnumerable<int> Layers(DecoderConfig config) => Enumerable.Range(0, config.LayerCount);

    // 1 stands for a layer that rotates; an empty list for the interval.
    private static NumberList ReadUnrotated(HfConfig hf, int count)
    {
        int interval = hf.Int("no_rope_layer_interval", 4);
        NumberList rotates = hf.Numbers("no_rope_layers");
        if (rotates.Count > 0 && rotates.Count != count)
        {
            hf.Fault($"no_rope_layers must have {count} entries or none, got {rotates.Count}.");
            return [];
        }

        return NumberList.Create([.. Enumerable.Range(0, count)
            .Where(layer => rotates.Count > 0 ? rotates[layer] == 0 : interval > 0 && (layer + 1) % interval == 0)]);
    }

    private static NumberList ReadDenseLayers(HfConfig hf, int count)
    {
        int step = Math.Max(1, hf.Int("interleave_moe_layer_step", 1));
        NumberList? sparse = hf.Has("moe_layers") ? hf.Numbers("moe_layers") : null;
        return NumberList.Create([.. Enumerable.Range(0, count)
            .Where(layer => sparse is null ? (layer + 1) % step != 0 : !sparse.Contains(layer))]);
    }

    private static DecoderConfig WithBlocks(HfConfig hf, DecoderConfig config, NumberList unrotated)
    {
        int count = Math.Max(0, config.LayerCount);
        int? length = hf.IsAbsent("attention_chunk_size") ? 8192 : hf.OptionalInt("attention_chunk_size");
        IReadOnlyList<string>? types = hf.Texts("layer_types");
        if (types is not null && (types.Count != count || types.Any(type => type is not ("full_attention" or "chunked_attention"))))
        {
            hf.Fault($"layer_types must have {count} entries, each \"full_attention\" or \"chunked_attention\".");
            return config;
        }

        int[] full = [.. Enumerable.Range(0, count)
            .Where(layer => types is null ? unrotated.Contains(layer) : types[layer] == "full_attention")];
        return length is null || full.Length == count
            ? config
            : config with { AttentionBlockLength = length, FullAttentionLayers = NumberList.Create(full) };
    }
}
