using System.Text.Json.Nodes;
using MoeSharp.Experts.Banks;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>gpt-oss: attention sinks, every second layer with a window, softmax over the chosen experts, clamped SwiGLU, biases everywhere.</summary>
/// <remarks>Source: OpenAI, gpt-oss model card, arXiv:2508.10925; transformers <c>models/gpt_oss</c>. Experts are published as MXFP4 pairs
/// (blocks and scales), with rows in our order, or as floats, transposed; gate and up rows alternate in both.</remarks>
public sealed class GptOssFamily : Family
{
    private const string PairMethod = "mxfp4";
    private const float DefaultAlpha = 1.702f;
    private const float DefaultLimit = 7;

    /// <inheritdoc/>
    public override string ModelType => "gpt_oss";

    /// <inheritdoc/>
    public override string Architecture => "GptOssForCausalLM";

    internal override JsonObject PairQuantization => new()
    {
        ["modules_to_not_convert"] = new JsonArray(
            [.. ((string[])["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"])
                .Select(name => (JsonNode?)JsonValue.Create(name))]),
        ["quant_method"] = PairMethod,
    };

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-5, theta: 150000, positions: 131072, keyValueHeads: 8);
        if (hf.IsAbsent("rope_scaling") && hf.IsAbsent("rope_parameters"))
        {
            shared = shared with
            {
                Rotary = shared.Rotary with { Scaling = RopeScaling.Yarn, Factor = 32, OriginalPositionCount = 4096, Truncates = false },
            };
        }

        bool hasBias = hf.Flag("attention_bias", true);
        _ = hf.OptionalInt("initial_context_length"); // the original length once more, read by nobody
        _ = hf.OptionalInt("experts_per_token"); // the older name of num_experts_per_tok; published files have both
        hf.AcceptQuantization(PairMethod);
        return HfShared.WithWindow(hf, shared, hf.Int("sliding_window", 128), layer => layer % 2 != 0) with
        {
            HeadSize = hf.Int("head_dim", 64),
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            HasAttentionSinks = true,
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("num_local_experts", hf.Int("num_experts", 128)),
                TopK = hf.Int("num_experts_per_tok", 4),
                IntermediateSize = hf.Int("intermediate_size"),
                Score = ScoreKind.SoftmaxOfChosen,
                HasRouterBias = true,
                HasProjectionBias = true,
                Clamp = new ClampedSwiGlu(
                    (float)hf.Number("swiglu_alpha", DefaultAlpha), (float)hf.Number("swiglu_limit", DefaultLimit)),
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.9),
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["attention_bias"] = config.HasQueryKeyValueBias;
        HfShared.WriteWindow(config, json);
        json.Remove("use_sliding_window");
        if (config.Experts is { } experts)
        {
            json["intermediate_size"] = experts.IntermediateSize;
            json["num_local_experts"] = experts.ExpertCount;
            json["num_experts_per_tok"] = experts.TopK;
            json["swiglu_alpha"] = experts.Clamp?.Alpha ?? DefaultAlpha;
            json["swiglu_limit"] = experts.Clamp?.Limit ?? DefaultLimit;
            json["router_aux_loss_coef"] = experts.BalanceCoefficient;
            json["output_router_logits"] = false;
        }
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent)
    {
        LlamaTensors.BindEnds(config, map);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            LlamaTensors.BindAttention(config, map, layer);
            map.Add(
                LlamaTensors.Block(layer) + "self_attn.sinks", $"layers.{layer}.attention.sinks", new TensorShape(config.HeadCount));
            LlamaTensors.BindRouter(config, map, layer, "mlp.router.weight");
            map.Add(
                LlamaTensors.Block(layer) + "mlp.router.bias", $"layers.{layer}.router.bias", new TensorShape(config.Experts!.ExpertCount));
            BindExperts(config, map, LlamaTensors.Block(layer) + "mlp.experts.", $"layers.{layer}.experts.", isPresent);
        }
    }

    private static void BindExperts(DecoderConfig config, WeightMap map, string theirs, string ours, Func<string, bool> isPresent)
    {
        ExpertsConfig facts = config.Experts!;
        int experts = facts.ExpertCount;
        long hidden = config.HiddenSize, width = facts.IntermediateSize, matrix = width * hidden;
        List<WeightSegment> inward = [], outward = [], biases = [];
        bool isPacked = isPresent(theirs + "gate_up_proj_blocks");
        for (int e = 0; e < experts; e++)
        {
            for (int half = 0; half < 2; half++)
            {
                string name = ours + (half == 0 ? "gate_projection" : "up_projection");
                inward.Add(isPacked
                    ? WeightSegment.Block(name, e * matrix, width, hidden, (2 * e * matrix) + (half * hidden), rowStride: 2 * hidden)
                    : WeightSegment.Block(name, e * matrix, width, hidden, (2 * e * matrix) + half, rowStride: 2, columnStride: 2 * width));
                biases.Add(WeightSegment.Block(
                    name + "_bias", e * width, width, 1, (2 * e * width) + half, rowStride: 2, columnStride: 2));
            }

            outward.Add(WeightSegment.Block(ours + "down_projection", e * matrix, hidden, width, e * matrix, rowStride: 1, columnStride: hidden));
        }

        if (isPacked)
        {
            map.Add(theirs + "gate_up_proj_blocks", new TensorShape(experts, 2 * width, hidden), inward);
            map.Add(theirs + "down_proj_blocks", ours + "down_projection", new TensorShape(experts, hidden, width));
        }
        else
        {
            map.Add(theirs + "gate_up_proj", new TensorShape(experts, hidden, 2 * width), inward);
            map.Add(theirs + "down_proj", new TensorShape(experts, width, hidden), outward);
        }

        map.Add(theirs + "gate_up_proj_bias", new TensorShape(experts, 2 * width), biases);
        map.Add(theirs + "down_proj_bias", ours + "down_projection_bias", new TensorShape(experts, hidden));
    }
}
