using System.Text.Json.Nodes;
using MoeSharp.Layers;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>DBRX: layer norms without bias, fused and clamped query-key-value projection, few of many experts, weights of a chosen norm.</summary>
/// <remarks>Source: Databricks 2024, Introducing DBRX; transformers <c>models/dbrx</c>. Facts of attention and of experts stand in sections of
/// their own. Stacks of experts are flattened over experts and width, so the way back lies transposed in its stack.</remarks>
public sealed class DbrxFamily : Family
{
    private const float Epsilon = 1e-5f; // PyTorch's default; no key says another

    /// <inheritdoc/>
    public override string ModelType => "dbrx";

    /// <inheritdoc/>
    public override string Architecture => "DbrxForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        HfConfig attention = hf.Nested("attn_config"), experts = hf.Nested("ffn_config");
        int hidden = hf.Int("d_model", 2048), heads = hf.Int("n_heads", 16);
        experts.Ignore("hidden_size");
        hf.Ignore("num_key_value_heads", "router_aux_loss_coef", "emb_pdrop"); // the first two are copies of what the sections say
        attention.Ignore("attn_pdrop");
        double? power = experts.IsAbsent("moe_normalize_expert_weights") ? 1 : experts.OptionalNumber("moe_normalize_expert_weights");
        NumberList begin = hf.Numbers("bos_token_id");
        return new DecoderConfig
        {
            VocabularySize = hf.Int("vocab_size", 32000),
            HiddenSize = hidden,
            LayerCount = hf.LayerCount("n_layers", 24),
            HeadCount = heads,
            KeyValueHeadCount = attention.Int("kv_n_heads", 1),
            HeadSize = heads > 0 ? hidden / heads : 0,
            PositionCount = hf.Int("max_seq_len", 2048),
            Norm = NormKind.Layer,
            NormEpsilon = Epsilon,
            Rotary = hf.Rotary(attention.Number("rope_theta", 10000)),
            ClipQueryKeyValue = (float?)attention.OptionalNumber("clip_qkv"),
            Activation = ReadActivation(experts),
            IsTied = hf.Flag("tie_word_embeddings", false),
            InitializerRange = (float)hf.Number("initializer_range", 0.02),
            BeginToken = begin.Count > 0 ? begin[0] : null,
            EndTokens = hf.Numbers("eos_token_id"),
            PaddingToken = hf.OptionalInt("pad_token_id"),
            Experts = new ExpertsConfig
            {
                ExpertCount = experts.Int("moe_num_experts", 4),
                TopK = experts.Int("moe_top_k", 1),
                IntermediateSize = experts.Int("ffn_hidden_size", 3584),
                NormalizeWeights = power is not null,
                WeightNormPower = (float)(power ?? 1),
                RouterJitter = (float)experts.Number("moe_jitter_eps", 0),
                BalanceCoefficient = (float)experts.Number("moe_loss_weight", 0.01),
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        var shared = new JsonObject();
        HfShared.Write(config, shared);
        foreach (string key in (string[])["vocab_size", "tie_word_embeddings", "initializer_range", "bos_token_id", "eos_token_id", "pad_token_id", "use_cache"])
        {
            json[key] = shared[key]?.DeepClone();
        }

        json["d_model"] = config.HiddenSize;
        json["n_layers"] = config.LayerCount;
        json["n_heads"] = config.HeadCount;
        json["max_seq_len"] = config.PositionCount;
        json["attn_config"] = new JsonObject
        {
            ["kv_n_heads"] = config.KeyValueHeadCount,
            ["clip_qkv"] = config.ClipQueryKeyValue,
            ["rope_theta"] = config.Rotary.Theta,
        };
        if (shared["rope_scaling"] is { } scaling)
        {
            json["rope_scaling"] = scaling.DeepClone();
        }

        if (config.Experts is { } experts)
        {
            json["ffn_config"] = new JsonObject
            {
                ["ffn_act_fn"] = new JsonObject { ["name"] = HfNames.Of(config.Activation) },
                ["ffn_hidden_size"] = experts.IntermediateSize,
                ["moe_num_experts"] = experts.ExpertCount,
                ["moe_top_k"] = experts.TopK,
                ["moe_normalize_expert_weights"] = experts.NormalizeWeights ? experts.WeightNormPower : null,
                ["moe_jitter_eps"] = experts.RouterJitter == 0 ? null : experts.RouterJitter,
                ["moe_loss_weight"] = experts.BalanceCoefficient,
            };
            json["output_router_logits"] = false;
        }
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent)
    {
        long hidden = config.HiddenSize;
        LlamaTensors.BindEnds(config, map, "transformer.wte.weight", "transformer.norm_f", "lm_head");
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string theirs = $"transformer.blocks.{layer}.", ours = $"layers.{layer}.";
            LlamaTensors.BindNorm(config, map, theirs + "norm_attn_norm.norm_1", ours + "attention_norm");
            LlamaTensors.BindNorm(config, map, theirs + "norm_attn_norm.norm_2", ours + "feed_forward_norm");
            BindAttention(config, map, theirs + "norm_attn_norm.attn.", ours + "attention.");
            map.Add(theirs + "ffn.router.layer.weight", ours + "router.weight", new TensorShape(config.Experts!.ExpertCount, hidden));
            BindExperts(config, map, theirs + "ffn.experts.mlp.", ours + "experts.");
        }
    }

    private static void BindAttention(DecoderConfig config, WeightMap map, string theirs, string ours)
    {
        long hidden = config.HiddenSize, queries = (long)config.HeadCount * config.HeadSize, keys = (long)config.KeyValueHeadCount * config.HeadSize;
        map.Add(
            theirs + "Wqkv.weight", new TensorShape(queries + (2 * keys), hidden),
            [
                new WeightSegment(ours + "query.weight", 0, 0, queries * hidden),
                new WeightSegment(ours + "key.weight", 0, queries * hidden, keys * hidden),
                new WeightSegment(ours + "value.weight", 0, (queries + keys) * hidden, keys * hidden),
            ]);
        map.Add(theirs + "out_proj.weight", ours + "output.weight", new TensorShape(hidden, queries));
    }

    private static void BindExperts(DecoderConfig config, WeightMap map, string theirs, string ours)
    {
        ExpertsConfig facts = config.Experts!;
        long hidden = config.HiddenSize, width = facts.IntermediateSize, matrix = width * hidden;
        TensorShape stack = new(facts.ExpertCount * width, hidden);
        map.Add(theirs + "w1", ours + "gate_projection", stack);
        map.Add(theirs + "v1", ours + "up_projection", stack);
        map.Add(theirs + "w2", stack, [.. Enumerable.Range(0, facts.ExpertCount).Select(e => WeightSegment.Block(
            ours + "down_projection", e * matrix, hidden, width, e * matrix, rowStride: 1, columnStride: hidden))]);
    }

    private static Tensors.Autograd.Ops.Activation ReadActivation(HfConfig experts)
    {
        string name = experts.Nested("ffn_act_fn").Text("name", "silu");
        if (HfNames.ActivationOf(name) is { } activation)
        {
            return activation;
        }

        experts.Fault($"ffn_config.ffn_act_fn.name is \"{name}\", which is not known. Known are {HfNames.KnownActivations}.");
        return Tensors.Autograd.Ops.Activation.Silu;
    }
}
