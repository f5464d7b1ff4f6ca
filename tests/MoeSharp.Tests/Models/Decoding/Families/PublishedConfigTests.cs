using System.Text;
using System.Text.Json.Nodes;
using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Layers;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tests.Golden;

namespace MoeSharp.Tests.Models.Decoding.Families;

/// <summary>Keys as the flagships publish them, and the multimodal frame around Llama 4.</summary>
public sealed class PublishedConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moesharp").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Gpt_oss_as_published_is_understood()
    {
        DecoderConfig config = Read("""
            {"architectures": ["GptOssForCausalLM"], "attention_bias": true, "attention_dropout": 0.0, "eos_token_id": 200002, "experts_per_token": 4,
             "head_dim": 64, "hidden_act": "silu", "hidden_size": 2880, "initial_context_length": 4096, "initializer_range": 0.02,
             "intermediate_size": 2880, "layer_types": ["sliding_attention", "full_attention"], "max_position_embeddings": 131072,
             "model_type": "gpt_oss", "num_attention_heads": 64, "num_experts_per_tok": 4, "num_hidden_layers": 2, "num_key_value_heads": 8,
             "num_local_experts": 32, "output_router_logits": false, "pad_token_id": 199999,
             "quantization_config": {"modules_to_not_convert": ["model.layers.*.self_attn", "lm_head"], "quant_method": "mxfp4"},
             "rms_norm_eps": 1e-05, "rope_scaling": {"beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0,
             "original_max_position_embeddings": 4096, "rope_type": "yarn", "truncate": false}, "rope_theta": 150000,
             "router_aux_loss_coef": 0.9, "sliding_window": 128, "swiglu_limit": 7.0, "tie_word_embeddings": false,
             "transformers_version": "4.55.0.dev0", "use_cache": true, "vocab_size": 201088}
            """);
        config.FullAttentionLayers.ShouldBe([1]);
        config.Rotary.Truncates.ShouldBeFalse();
        Math.Abs(Rotary.CreateTable(config.Rotary, 64, config.PositionCount).AttentionFactor - 1.3466).ShouldBeLessThan(1e-4);
        Should.Throw<ConfigException>(() => Read(
            """{"model_type": "gpt_oss", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 9, "intermediate_size": 64, "quantization_config": {"quant_method": "awq"}}"""))
            .Message.ShouldContain("quant_method is \"awq\", which is not supported here.");
    }

    [Fact]
    public void Dbrx_as_published_is_understood()
    {
        DecoderConfig config = Read("""
            {"architectures": ["DbrxForCausalLM"], "attn_config": {"clip_qkv": 8, "kv_n_heads": 8, "model_type": "", "rope_theta": 500000},
             "auto_map": {"AutoConfig": "configuration_dbrx.DbrxConfig"}, "d_model": 6144, "emb_pdrop": 0.0,
             "ffn_config": {"ffn_hidden_size": 10752, "model_type": "", "moe_jitter_eps": 0.01, "moe_loss_weight": 0.05, "moe_num_experts": 16,
             "moe_top_k": 4}, "initializer_range": 0.02, "max_seq_len": 32768, "model_type": "dbrx", "n_heads": 48, "n_layers": 40,
             "output_router_logits": false, "resid_pdrop": 0.0, "router_aux_loss_coef": 0.05, "tie_word_embeddings": false,
             "torch_dtype": "bfloat16", "transformers_version": "4.38.1", "use_cache": true, "vocab_size": 100352}
            """);
        (config.Rotary.Theta, config.HeadSize, config.ClipQueryKeyValue).ShouldBe((500000, 128, 8));
        (config.Experts!.NormalizeWeights, config.Experts.WeightNormPower).ShouldBe((true, 1));
        double billions = config.CountParameters().Total / 1e9;
        billions.ShouldBe(131.6, 0.1);
    }

    [Fact]
    public void Phi_moe_as_published_is_understood()
    {
        string factors = "[" + string.Join(", ", Enumerable.Range(0, 64).Select(i => 1 + i)) + "]";
        DecoderConfig config = Read($$"""
            {"architectures": ["PhiMoEForCausalLM"], "attention_bias": true, "attention_dropout": 0.0, "auto_map": {}, "bos_token_id": 1,
             "eos_token_id": 32000, "hidden_act": "silu", "hidden_dropout": 0.0, "hidden_size": 4096, "initializer_range": 0.02,
             "input_jitter_noise": 0.01, "intermediate_size": 6400, "lm_head_bias": true, "max_position_embeddings": 131072,
             "model_type": "phimoe", "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_key_value_heads": 8,
             "num_local_experts": 16, "original_max_position_embeddings": 4096, "output_router_logits": false, "rms_norm_eps": 1e-05,
             "rope_scaling": {"long_factor": {{factors}}, "long_mscale": 1.243163121016122, "original_max_position_embeddings": 4096,
             "short_factor": {{factors}}, "short_mscale": 1.243163121016122, "type": "longrope"}, "rope_theta": 10000.0,
             "router_aux_loss_coef": 0.0, "router_jitter_noise": 0.01, "sliding_window": 131072, "tie_word_embeddings": false,
             "torch_dtype": "bfloat16", "use_cache": true, "vocab_size": 32064}
            """);
        (config.Rotary.Scaling, config.Rotary.OriginalPositionCount, config.Rotary.Factor).ShouldBe((RopeScaling.LongRope, 4096, 32));
        config.Rotary.LongFactors[63].ShouldBe(64);
        (config.Experts!.Score, config.Experts.MixerJitter).ShouldBe((ScoreKind.SparseMixer, 0.01f));
        (config.CountParameters().Total / 1e9).ShouldBe(41.9, 0.1);
    }

    [Fact]
    public void Llama_4_as_published_is_understood()
    {
        DecoderConfig config = Read("""
            {"architectures": ["Llama4ForConditionalGeneration"], "boi_token_index": 200080, "eoi_token_index": 200081, "image_token_index": 200092,
             "model_type": "llama4", "text_config": {"_attn_implementation_autoset": true, "attention_bias": false, "attention_chunk_size": 8192,
             "attention_dropout": 0.0, "attn_scale": 0.1, "attn_temperature_tuning": 4, "bos_token_id": 200000, "cache_implementation": "hybrid",
             "eos_token_id": [200001, 200007, 200008], "floor_scale": 8192, "for_llm_compressor": false, "head_dim": 128, "hidden_act": "silu",
             "hidden_size": 5120, "initializer_range": 0.02, "interleave_moe_layer_step": 1, "intermediate_size": 8192,
             "intermediate_size_mlp": 16384, "max_position_embeddings": 10485760, "model_type": "llama4_text", "no_rope_layers": [],
             "num_attention_heads": 40, "num_experts_per_tok": 1, "num_hidden_layers": 48, "num_key_value_heads": 8, "num_local_experts": 16,
             "output_router_logits": false, "pad_token_id": 200018, "rms_norm_eps": 1e-05,
             "rope_scaling": {"factor": 16.0, "high_freq_factor": 1.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192,
             "rope_type": "llama3"}, "rope_theta": 500000.0, "router_aux_loss_coef": 0.001, "router_jitter_noise": 0.0, "torch_dtype": "bfloat16",
             "use_cache": true, "use_qk_norm": true, "vocab_size": 202048}, "torch_dtype": "bfloat16", "transformers_version": "4.51.0.dev0",
             "vision_config": {"hidden_size": 1408, "anything": [1, 2]}}
            """);
        config.UnrotatedLayers.ShouldBe([.. Enumerable.Range(0, 48).Where(layer => layer % 4 == 3)]);
        config.FullAttentionLayers.ShouldBe(config.UnrotatedLayers);
        (config.AttentionBlockLength, config.Temperature, config.DenseLayers.Count).ShouldBe((8192, new QueryTemperature(0.1, 8192), 0));
        Rotary.CreateTable(config.Rotary, 128, 8192).InverseFrequencies.ToArray().ShouldAllBe(frequency => float.IsFinite(frequency));
        (config.CountParameters().Total / 1e9).ShouldBe(107.8, 0.2);
        Should.Throw<ConfigException>(() => Read("""{"model_type": "llama4", "text_config": {"rope_scaling": {"rope_type": "llama3", "factor": 2, "original_max_position_embeddings": 8, "odd": 1}}}"""))
            .Message.ShouldContain("text_config.rope_scaling.odd is 1");
    }

    [Fact]
    public void The_language_model_of_a_multimodal_folder_answers_as_by_itself()
    {
        string flat = Path.Combine(FamilyFolder.Root, "llama4");
        JsonObject text = JsonNode.Parse(File.ReadAllText(Path.Combine(flat, "config.json")))!.AsObject();
        File.WriteAllText(
            Path.Combine(_folder, "config.json"),
            new JsonObject { ["model_type"] = "llama4", ["vision_config"] = new JsonObject { ["depth"] = 3 }, ["text_config"] = text }.ToJsonString());
        using (TensorSource source = SafetensorsModel.Open(flat))
        {
            using var writer = new SafetensorsWriter(
                Path.Combine(_folder, "model.safetensors"),
                [
                    .. source.Tensors.Select(tensor => new SafetensorsEntry("language_model." + tensor.Name, StoredType.F32, [.. tensor.Shape])),
                    new SafetensorsEntry("vision_model.patch_embedding.weight", StoredType.F32, [2]),
                    new SafetensorsEntry("multi_modal_projector.linear_1.weight", StoredType.F32, [2]),
                ]);
            foreach (StoredTensor tensor in source.Tensors)
            {
                writer.Write("language_model." + tensor.Name, source.ReadFloat32(tensor.Name));
            }

            writer.Write("vision_model.patch_embedding.weight", [1f, 2f]);
            writer.Write("multi_modal_projector.linear_1.weight", [1f, 2f]);
            writer.Commit();
        }

        (MoeSharp.Models.Decoding.Decoder framed, Family family) = DecoderFolder.Load(_folder);
        family.ModelType.ShouldBe("llama4");
        (MoeSharp.Models.Decoding.Decoder alone, _) = DecoderFolder.Load(flat);
        framed.Config.ShouldBe(alone.Config);
        int[] ids = SampleConfigs.Ids(30);
        LogitsDump.Run(framed, ids).Logits.ShouldBe(LogitsDump.Run(alone, ids).Logits);

        // Saved is what was read: the language model.
        string saved = Path.Combine(_folder, "saved");
        DecoderFolder.Save(framed, saved, DType.BF16, family).ModelType.ShouldBe("llama4_text");
        LogitsDump.Run(DecoderFolder.Load(saved).Decoder, ids).Logits.ShouldBe(LogitsDump.Run(alone, ids).Logits);
    }

    [Theory]
    [InlineData("gpt_oss")]
    [InlineData("dbrx")]
    [InlineData("llama4")]
    [InlineData("phimoe")]
    public void Both_styles_of_a_configuration_say_the_same(string name)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(Path.Combine(FamilyFolder.Root, name, "config.json")))!.AsObject();
        DecoderConfig expected = Read(json.ToJsonString());
        if (json["rope_parameters"] is JsonObject newer)
        {
            json.Remove("rope_parameters");
            json["rope_theta"] = newer["rope_theta"]!.DeepClone();
            newer.Remove("rope_theta");
            json["rope_scaling"] = newer["rope_type"]!.GetValue<string>() == "default" ? null : newer.DeepClone();
            json["torch_dtype"] = "bfloat16";
            json.Remove("dtype");
        }
        else
        {
            json["rope_parameters"] = new JsonObject { ["rope_theta"] = json["rope_theta"]!.DeepClone(), ["rope_type"] = "default" };
            json.Remove("rope_theta");
            json.Remove("rope_scaling");
            json.Remove("torch_dtype");
            json["dtype"] = "bfloat16";
        }

        Read(json.ToJsonString()).ShouldBe(expected);
    }

    private static DecoderConfig Read(string json) => FamilyCatalogue.Parse(Encoding.UTF8.GetBytes(json), "config.json").Config;
}
