using System.Text.Json.Nodes;
using MoeSharp.Layers;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Grok-1: four norms a block, a soft cap on attention's scores, scales on embedding and logits, two of eight wide experts.</summary>
/// <remarks>Source: xai-org/grok-1, <c>model.py</c> and <c>run.py</c>: weights of the two experts are not renormalised, and GELU is the tanh form.
/// Published as a JAX checkpoint; read are the layouts of its ports: <c>attn</c>, <c>moe_block</c> with <c>linear</c>, <c>linear_v</c>, <c>linear_1</c>
/// and norms named <c>scale</c>, or <c>self_attn</c>, <c>block_sparse_moe</c> with <c>w1</c>, <c>w3</c>, <c>w2</c>.</remarks>
public sealed class Grok1Family : Family
{
    private const double EmbeddingScale = 78.38367176906169; // √6144
    private const double LogitScale = 0.5773502691896257; // 1/√3
    private const double AttentionScale = 0.08838834764831845; // 1/√128

    /// <inheritdoc/>
    public override string ModelType => "grok-1";

    /// <inheritdoc/>
    public override string Architecture => "Grok1ModelForCausalLM";

    internal override DecoderConfig Read(HfConfig hf)
    {
        DecoderConfig shared = HfShared.Read(hf, epsilon: 1e-5, theta: 10000, positions: 8192, keyValueHeads: 8);
        return shared with
        {
            NormPlacement = NormPlacement.Both,
            EmbeddingScale = (float)hf.Number("embedding_multiplier_scale", EmbeddingScale),
            LogitScale = (float)hf.Number("output_multiplier_scale", LogitScale),
            AttentionScale = (float)hf.Number("attn_output_multiplier", AttentionScale),
            AttentionSoftCap = (float)hf.Number("max_attn_value", hf.Number("attn_logit_softcapping", 30)),
            Activation = hf.IsAbsent("hidden_act") || shared.Activation == Activation.Gelu ? Activation.GeluTanh : shared.Activation,
            IsTied = hf.Flag("tie_word_embeddings", true),
            Experts = new ExpertsConfig
            {
                ExpertCount = hf.Int("num_experts", hf.Int("num_local_experts", 8)),
                TopK = hf.Int("num_experts_per_tok", 2),
                IntermediateSize = hf.Int("intermediate_size", 32768),
                NormalizeWeights = false,
                BalanceCoefficient = (float)hf.Number("router_aux_loss_coef", 0.001),
            },
        };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        HfShared.Write(config, json);
        json["embedding_multiplier_scale"] = config.EmbeddingScale;
        json["output_multiplier_scale"] = config.LogitScale;
        json["attn_output_multiplier"] = config.AttentionScale ?? (1 / Math.Sqrt(config.HeadSize));
        json["max_attn_value"] = config.AttentionSoftCap;
        if (config.Experts is { } experts)
        {
            json["intermediate_size"] = experts.IntermediateSize;
            json["num_experts"] = experts.ExpertCount;
            json["num_experts_per_tok"] = experts.TopK;
            json["router_aux_loss_coef"] = experts.BalanceCoefficient;
            json["output_router_logits"] = false;
        }
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent)
    {
        bool isSparse = isPresent(LlamaTensors.Block(0) + "block_sparse_moe.gate.weight");
        string ending = isPresent("model.norm.weight") ? ".weight" : ".scale";
        TensorShape norm = new(config.HiddenSize), table = new(config.VocabularySize, config.HiddenSize);
        map.Add("model.embed_tokens.weight", "embedding.weight", table);
        map.Add("model.norm" + ending, "norm.weight", norm);
        if (config.IsTied)
        {
            map.AddCopy("lm_head.weight", "model.embed_tokens.weight");
        }
        else
        {
            map.Add("lm_head.weight", "head.weight", table);
        }

        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string theirs = LlamaTensors.Block(layer), ours = $"layers.{layer}.";
            map.Add(theirs + "pre_attn_norm" + ending, ours + "attention_norm.weight", norm);
            map.Add(theirs + "post_attn_norm" + ending, ours + "attention_output_norm.weight", norm);
            map.Add(theirs + "pre_moe_norm" + ending, ours + "feed_forward_norm.weight", norm);
            map.Add(theirs + "post_moe_norm" + ending, ours + "feed_forward_output_norm.weight", norm);
            LlamaTensors.BindSelfAttention(config, map, theirs + (isSparse ? "self_attn." : "attn."), ours + "attention.");
            string module = isSparse ? "block_sparse_moe" : "moe_block";
            LlamaTensors.BindRouter(config, map, layer, module + ".gate.weight");
            LlamaTensors.BindExperts(
                config, map, layer, isPresent, module, isSparse ? ("w1", "w3", "w2") : ("linear", "linear_v", "linear_1"));
        }
    }
}
