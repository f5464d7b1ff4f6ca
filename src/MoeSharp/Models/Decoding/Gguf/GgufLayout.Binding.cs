using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Gguf;

/// <content>Tensors and parameters.</content>
public abstract partial class GgufLayout
{
    /// <summary>Lists the tensors.</summary>
    internal virtual void Bind(GgufBinding binding)
    {
        DecoderConfig config = binding.Config;
        BindEnds(binding);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string block = GgufBinding.Block(layer), ours = $"layers.{layer}.";
            binding.Norm(block + "attn_norm", ours + "attention_norm");
            binding.Norm(block + FeedForwardNormName, ours + "feed_forward_norm");
            BindAttention(binding, block, ours + "attention.");
            if (config.HasExperts(layer))
            {
                BindExperts(binding, block, ours);
            }
            else
            {
                binding.FeedForward(block, "", ours + "feed_forward", config.IntermediateSize, config.HasFeedForwardBias);
            }
        }
    }

    /// <summary>Embedding, last norm and head; constants that are derived from keys are left alone.</summary>
    internal virtual void BindEnds(GgufBinding binding)
    {
        DecoderConfig config = binding.Config;
        binding.Add("token_embd.weight", "embedding.weight", config.VocabularySize, config.HiddenSize);
        binding.Norm("output_norm", "norm");
        if (!config.IsTied)
        {
            binding.Add("output.weight", "head.weight", config.VocabularySize, config.HiddenSize);
        }

        if (config.HasHeadBias)
        {
            binding.Add("output.bias", "head.bias", config.VocabularySize);
        }

        string next = GgufBinding.Block(config.LayerCount);
        if (binding.Has(next + "nextn.eh_proj.weight"))
        {
            binding.Map.Ignore(next); // predicts further tokens in training
        }

        if (config.Rotary.Scaling == Tensors.Autograd.Ops.RopeScaling.LongRope)
        {
            // Read as facts.
            foreach (string name in GgufDivisors.Names)
            {
                binding.Map.Ignore(name);
            }
        }
    }

    /// <summary>Attention of a block.</summary>
    internal virtual void BindAttention(GgufBinding binding, string block, string ours)
    {
        DecoderConfig config = binding.Config;
        long hidden = config.HiddenSize, queries = (long)config.HeadCount * config.HeadSize, keys = (long)config.KeyValueHeadCount * config.HeadSize;
        bool hasBias = config.HasQueryKeyValueBias;
        if (FusesAttention || binding.Has(block + "attn_qkv.weight"))
        {
            binding.FusedAttention(block + "attn_qkv", ours, queries, keys, hasBias);
        }
        else if (IsPermuted)
        {
            binding.Permuted(block + "attn_q", ours + "query", config.HeadCount, hidden, hasBias);
            binding.Permuted(block + "attn_k", ours + "key", config.KeyValueHeadCount, hidden, hasBias);
        }
        else
        {
            binding.Linear(block + "attn_q", ours + "query", queries, hidden, hasBias);
            binding.Linear(block + "attn_k", ours + "key", keys, hidden, hasBias);
        }

        if (!FusesAttention && !binding.Has(block + "attn_qkv.weight"))
        {
            binding.Linear(block + "attn_v", ours + "value", keys, hidden, hasBias);
        }

        binding.Linear(block + "attn_output", ours + "output", hidden, queries, config.HasOutputBias);
        if (config.QueryKeyNorm is not (QueryKeyNorm.None or QueryKeyNorm.UnweightedAfterRotation))
        {
            bool isWhole = config.QueryKeyNorm == QueryKeyNorm.WholeProjection;
            binding.Add(block + "attn_q_norm.weight", ours + "query_norm.weight", isWhole ? queries : config.HeadSize);
            binding.Add(block + "attn_k_norm.weight", ours + "key_norm.weight", isWhole ? keys : config.HeadSize);
        }
    }

    /// <summary>Router, routed and shared experts of a block.</summary>
    internal virtual void BindExperts(GgufBinding binding, string block, string ours)
    {
        ExpertsConfig facts = binding.Config.Experts!;
        binding.Add(block + "ffn_gate_inp.weight", ours + "router.weight", facts.ExpertCount, binding.Config.HiddenSize);
        if (facts.HasExpertBias)
        {
            binding.Add(block + "exp_probs_b.bias", ours + "router.expert_bias", facts.ExpertCount);
        }

        binding.Experts(block, ours + "experts.");
        if (facts.SharedIntermediateSize > 0)
        {
            binding.FeedForward(block, "_shexp", ours + "shared", facts.SharedIntermediateSize, facts.HasSharedBias);
        }

        if (facts.IsSharedGated)
        {
            binding.Add(block + "ffn_gate_inp_shexp.weight", ours + "shared.sigmoid_projection.weight", 1, binding.Config.HiddenSize);
        }
    }
}
