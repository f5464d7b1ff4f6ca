using MoeSharp.Layers;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>The tensor names that decoder families of the Llama kind have in common.</summary>
internal static class LlamaTensors
{
    /// <summary>What most families call the gate, up and down matrices of one expert.</summary>
    public static (string Gate, string Up, string Down) ExpertNames => ("gate_proj", "up_proj", "down_proj");

    /// <summary>Published prefix of block <paramref name="layer"/>.</summary>
    public static string Block(int layer) => $"model.layers.{layer}.";

    /// <summary>Embedding, last norm and head.</summary>
    /// <param name="config">The model.</param>
    /// <param name="map">Where to add.</param>
    /// <param name="embedding">Published name of the table.</param>
    /// <param name="norm">Published module of the last norm.</param>
    /// <param name="head">Published module of the head.</param>
    public static void BindEnds(
        DecoderConfig config,
        WeightMap map,
        string embedding = "model.embed_tokens.weight",
        string norm = "model.norm",
        string head = "lm_head")
    {
        TensorShape table = new(config.VocabularySize, config.HiddenSize);
        map.Add(embedding, "embedding.weight", table);
        BindNorm(config, map, norm, "norm");
        if (config.IsTied)
        {
            map.AddCopy(head + ".weight", embedding);
        }
        else
        {
            map.Add(head + ".weight", "head.weight", table);
        }

        if (config.HasHeadBias)
        {
            map.Add(head + ".bias", "head.bias", new TensorShape(config.VocabularySize));
        }
    }

    /// <summary>A norm over the residual stream, and its bias if it has one.</summary>
    public static void BindNorm(DecoderConfig config, WeightMap map, string theirs, string ours)
    {
        map.Add(theirs + ".weight", ours + ".weight", new TensorShape(config.HiddenSize));
        if (config.Norm == NormKind.LayerWithBias)
        {
            map.Add(theirs + ".bias", ours + ".bias", new TensorShape(config.HiddenSize));
        }
    }

    /// <summary>Both norms and attention of a block.</summary>
    public static void BindAttention(DecoderConfig config, WeightMap map, int layer)
    {
        string theirs = Block(layer), ours = $"layers.{layer}.";
        bool isAfter = config.NormPlacement == NormPlacement.After;
        BindNorm(
            config, map, theirs + (isAfter ? "post_attention_layernorm" : "input_layernorm"),
            ours + (isAfter ? "attention_output_norm" : "attention_norm"));
        BindNorm(
            config, map, theirs + (isAfter ? "post_feedforward_layernorm" : "post_attention_layernorm"),
            ours + (isAfter ? "feed_forward_output_norm" : "feed_forward_norm"));

        if (config.Latent is { } latent)
        {
            LatentLayout.Bind(config, latent, map, theirs + "self_attn.", ours + "attention.");
            return;
        }

        BindSelfAttention(config, map, theirs + "self_attn.", ours + "attention.");
    }

    /// <summary>The projections of attention, and the norms of queries and keys.</summary>
    /// <param name="config">The model.</param>
    /// <param name="map">Where to add.</param>
    /// <param name="theirs">Published prefix, with its dot.</param>
    /// <param name="ours">Our prefix, with its dot.</param>
    public static void BindSelfAttention(DecoderConfig config, WeightMap map, string theirs, string ours)
    {
        long hidden = config.HiddenSize;
        long queries = (long)config.HeadCount * config.HeadSize, keys = (long)config.KeyValueHeadCount * config.HeadSize;
        BindLinear(map, theirs + "q_proj", ours + "query", queries, hidden, config.HasQueryKeyValueBias);
        BindLinear(map, theirs + "k_proj", ours + "key", keys, hidden, config.HasQueryKeyValueBias);
        BindLinear(map, theirs + "v_proj", ours + "value", keys, hidden, config.HasQueryKeyValueBias);
        BindLinear(map, theirs + "o_proj", ours + "output", hidden, queries, config.HasOutputBias);
        if (config.QueryKeyNorm is not (QueryKeyNorm.None or QueryKeyNorm.UnweightedAfterRotation))
        {
            bool isLate = config.QueryKeyNorm == QueryKeyNorm.PerHeadAfterRotation, isPerHead = isLate || config.QueryKeyNorm == QueryKeyNorm.PerHead;
            map.Add(theirs + (isLate ? "query_layernorm.weight" : "q_norm.weight"), ours + "query_norm.weight", new TensorShape(isPerHead ? config.HeadSize : queries));
            map.Add(theirs + (isLate ? "key_layernorm.weight" : "k_norm.weight"), ours + "key_norm.weight", new TensorShape(isPerHead ? config.HeadSize : keys));
        }

        map.Ignore(theirs + "rotary_emb.inv_freq"); // a constant that old checkpoints stored
    }

    /// <summary>A dense gated feed-forward network.</summary>
    public static void BindFeedForward(WeightMap map, string theirs, string ours, long hidden, long width, bool hasBias = false)
    {
        BindLinear(map, theirs + ".gate_proj", ours + ".gate_projection", width, hidden, hasBias);
        BindLinear(map, theirs + ".up_proj", ours + ".up_projection", width, hidden, hasBias);
        BindLinear(map, theirs + ".down_proj", ours + ".down_projection", hidden, width, hasBias);
    }

    /// <summary>The dense feed-forward network of a block, under <c>mlp</c>.</summary>
    public static void BindDense(DecoderConfig config, WeightMap map, int layer) => BindFeedForward(
        map, Block(layer) + "mlp", $"layers.{layer}.feed_forward", config.HiddenSize, config.IntermediateSize, config.HasFeedForwardBias);

    /// <summary>Routed experts: one matrix an expert, or fused where the checkpoint has them so.</summary>
    /// <param name="config">The model.</param>
    /// <param name="map">Where to add.</param>
    /// <param name="layer">The block.</param>
    /// <param name="isPresent">Whether the checkpoint has a tensor.</param>
    /// <param name="module">Published module of the single matrices, as <c>mlp</c> or <c>block_sparse_moe</c>.</param>
    /// <param name="names">Published names of the gate, up and down matrices of one expert.</param>
    public static void BindExperts(
        DecoderConfig config,
        WeightMap map,
        int layer,
        Func<string, bool> isPresent,
        string module,
        (string Gate, string Up, string Down) names)
    {
        ExpertsConfig facts = config.Experts!;
        long hidden = config.HiddenSize, width = facts.IntermediateSize;
        string ours = $"layers.{layer}.experts.";
        TensorShape inward = new(width, hidden), outward = new(hidden, width);
        string fused = Block(layer) + "mlp.experts.gate_up_proj";
        if (isPresent(fused))
        {
            BindFusedExperts(config, map, layer, fused, Block(layer) + "mlp.experts.down_proj");
            return;
        }

        for (int e = 0; e < facts.ExpertCount; e++)
        {
            string theirs = $"{Block(layer)}{module}.experts.{e}.";
            map.AddSlice($"{theirs}{names.Gate}.weight", ours + "gate_projection", e, inward);
            map.AddSlice($"{theirs}{names.Up}.weight", ours + "up_projection", e, inward);
            map.AddSlice($"{theirs}{names.Down}.weight", ours + "down_projection", e, outward);
        }
    }

    /// <summary>Routed experts in two stacks: of each expert the gate rows, then the up rows <c>[E, 2F, D]</c>; and the way back <c>[E, D, F]</c>.</summary>
    public static void BindFusedExperts(DecoderConfig config, WeightMap map, int layer, string gateUp, string down)
    {
        ExpertsConfig facts = config.Experts!;
        long hidden = config.HiddenSize, width = facts.IntermediateSize, length = width * hidden;
        string ours = $"layers.{layer}.experts.";
        var segments = new List<WeightSegment>();
        for (int e = 0; e < facts.ExpertCount; e++)
        {
            long start = e * length;
            segments.Add(new WeightSegment(ours + "gate_projection", start, 2 * start, length));
            segments.Add(new WeightSegment(ours + "up_projection", start, (2 * start) + length, length));
        }

        map.Add(gateUp, new TensorShape(facts.ExpertCount, 2 * width, hidden), segments);
        map.Add(down, ours + "down_projection", new TensorShape(facts.ExpertCount, hidden, width));
    }

    /// <summary>The expert that every token visits.</summary>
    public static void BindSharedExpert(DecoderConfig config, WeightMap map, int layer, string theirs) => BindFeedForward(
        map, Block(layer) + theirs, $"layers.{layer}.shared", config.HiddenSize, config.Experts!.SharedIntermediateSize,
        config.Experts.HasSharedBias);

    /// <summary>The router's matrix.</summary>
    public static void BindRouter(DecoderConfig config, WeightMap map, int layer, string theirs) => map.Add(
        Block(layer) + theirs, $"layers.{layer}.router.weight", new TensorShape(config.Experts!.ExpertCount, config.HiddenSize));

    /// <summary>The bias that takes part in choosing experts.</summary>
    public static void BindExpertBias(DecoderConfig config, WeightMap map, int layer, string theirs) => map.Add(
        Block(layer) + theirs, $"layers.{layer}.router.expert_bias", new TensorShape(config.Experts!.ExpertCount));

    /// <summary>The weight of a linear layer, and its bias if it has one.</summary>
    public static void BindLinear(WeightMap map, string theirs, string ours, long rows, long columns, bool hasBias)
    {
        map.Add(theirs + ".weight", ours + ".weight", new TensorShape(rows, columns));
        if (hasBias)
        {
            map.Add(theirs + ".bias", ours + ".bias", new TensorShape(rows));
        }
    }
}
