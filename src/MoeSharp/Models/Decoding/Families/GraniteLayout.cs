using System.Text.Json.Nodes;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>The keys and tensors of Granite's Mixture-of-Experts models: four multipliers, fused experts, softmax over the chosen.</summary>
/// <remarks>Source: transformers <c>models/granitemoe</c> and <c>models/granitemoeshared</c>. <c>attention_multiplier</c> stands in the place
/// of 1/√d, and <c>logits_scaling</c> divides.</remarks>
internal static class GraniteLayout
{
    /// <summary>Reads the facts.</summary>
    public static DecoderConfig Read(HfConfig hf, bool hasShared)
    {
        bool hasBias = hf.Flag("attention_bias", false);
        double divisor = hf.Number("logits_scaling", 1);
        return HfShared.Read(hf, epsilon: 1e-6, theta: 10000, positions: 2048) with
        {
            HasQueryKeyValueBias = hasBias,
            HasOutputBias = hasBias,
            EmbeddingScale = (float)hf.Number("embedding_multiplier", 1),
            ResidualScale = (float)hf.Number("residual_multiplier", 1),
            AttentionScale = (float)hf.Number("attention_multiplier", 1),
            LogitScale = (float)(1 / divisor),
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("num_local_experts", 8),
                TopK = hf.Int("num_experts_per_tok", 2),
                IntermediateSize = hf.Int("intermediate_size"),
                Score = ScoreKind.SoftmaxOfChosen,
                SharedIntermediateSize = hasShared ? hf.Int("shared_intermediate_size", 0) : 0,
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.001),
            },
        };
    }

    /// <summary>Writes the facts.</summary>
    public static void Write(DecoderConfig config, JsonObject json, bool hasShared)
    {
        HfShared.Write(config, json);
        json["attention_bias"] = config.HasQueryKeyValueBias;
        json["embedding_multiplier"] = config.EmbeddingScale;
        json["residual_multiplier"] = config.ResidualScale;
        json["attention_multiplier"] = config.AttentionScale;
        json["logits_scaling"] = Divisor(config.LogitScale);
        if (config.Experts is { } experts)
        {
            json["intermediate_size"] = experts.IntermediateSize;
            json["num_local_experts"] = experts.ExpertCount;
            json["num_experts_per_tok"] = experts.TopK;
            json["router_aux_loss_coef"] = experts.BalanceCoefficient;
            json["output_router_logits"] = false;
            if (hasShared)
            {
                json["shared_intermediate_size"] = experts.SharedIntermediateSize;
            }
        }
    }

    /// <summary>Binds all tensors of a model.</summary>
    public static void Bind(DecoderConfig config, WeightMap map)
    {
        LlamaTensors.BindEnds(config, map);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string block = LlamaTensors.Block(layer);
            LlamaTensors.BindAttention(config, map, layer);
            LlamaTensors.BindRouter(config, map, layer, "block_sparse_moe.router.layer.weight");
            LlamaTensors.BindFusedExperts(
                config, map, layer, block + "block_sparse_moe.input_linear.weight", block + "block_sparse_moe.output_linear.weight");
            if (config.Experts!.SharedIntermediateSize is > 0 and var width)
            {
                BindShared(config, map, block + "shared_mlp.", $"layers.{layer}.shared.", width);
            }
        }
    }

    private static void BindShared(DecoderConfig config, WeightMap map, string theirs, string ours, long width)
    {
        long length = width * config.HiddenSize;
        map.Add(theirs + "input_linear.weight", new TensorShape(2 * width, config.HiddenSize),
        [
            new WeightSegment(ours + "gate_projection.weight", 0, 0, length),
            new WeightSegment(ours + "up_projection.weight", 0, length, length),
        ]);
        map.Add(theirs + "output_linear.weight", ours + "down_projection.weight", new TensorShape(config.HiddenSize, width));
    }

    // The divisor in as few digits as give the factor back.
    private static double Divisor(float factor)
    {
        float divisor = (float)(1 / (double)factor);
        return (float)(1 / (double)divisor) == factor ? divisor : 1 / (double)factor;
    }
}
