namespace MoeSharp.Models.Decoding.Families;

/// <summary>Keys of a published <c>config.json</c> that do not change what the model computes.</summary>
internal static class HarmlessKeys
{
    /// <summary>Bookkeeping, training-only dropout, and generation defaults that older files carry.</summary>
    public static readonly string[] All =
    [
        "architectures", "model_type", "transformers_version", "torch_dtype", "dtype", "use_cache", "auto_map", "name_or_path",
        "attention_dropout", "hidden_dropout", "resid_pdrop", "embd_pdrop", "attn_implementation", "use_flash_attention",
        "output_router_logits", "output_attentions", "output_hidden_states", "return_dict", "use_return_dict", "torchscript",
        "pretraining_tp", "ep_size", "id2label", "label2id", "num_labels", "problem_type", "finetuning_task", "tokenizer_class",
        "prefix", "task_specific_params", "is_decoder", "use_bfloat16", "chunk_size_feed_forward", "gradient_checkpointing",
        "temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "num_beams",
        "num_beam_groups", "diversity_penalty", "early_stopping", "max_length", "min_length", "do_sample", "num_return_sequences",
        "encoder_no_repeat_ngram_size", "bad_words_ids", "remove_invalid_values", "suppress_tokens", "begin_suppress_tokens",
        "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id", "sep_token_id",
        "decoder_start_token_id", "aux_loss_alpha", "seq_aux", "unsloth_version", "unsloth_fixed",
    ];

    /// <summary>Multipliers and noises that do nothing at this value.</summary>
    public static readonly Dictionary<string, double> NeutralNumbers = new(StringComparer.Ordinal)
    {
        ["embedding_multiplier"] = 1,
        ["residual_multiplier"] = 1,
        ["logits_scaling"] = 1,
        ["logit_scale"] = 1,
        ["partial_rotary_factor"] = 1,
        ["routed_scaling_factor"] = 1,
        ["router_jitter_noise"] = 0,
        ["input_jitter_noise"] = 0,
        ["n_group"] = 1,
        ["topk_group"] = 1,
        ["n_shared_experts"] = 0,
        ["first_k_dense_replace"] = 0,
        ["moe_layer_freq"] = 1,
        ["num_nextn_predict_layers"] = 0,
    };
}
