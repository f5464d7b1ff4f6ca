using System.Text;
using System.Text.Json.Nodes;
using MoeSharp.Formats;
using MoeSharp.Layers;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tests.Golden;

namespace MoeSharp.Tests.Models.Decoding.Families;

public class FamilyCatalogueTests
{
    // Said in full where the file leaves a default, or left out where it changes nothing in this model.
    private static readonly string[] s_rewritten =
        ["head_dim", "intermediate_size", "sliding_window", "max_window_layers", "layer_types", "num_nextn_predict_layers",
        "attn_config", "ffn_config", "interleave_moe_layer_step"];

    public static TheoryData<string, string> Layouts => new()
    {
        { "dense", "mistral" }, { "mixtral", "mixtral" }, { "windowed", "mixtral" }, { "olmoe", "olmoe" },
        { "qwen3", "qwen3_moe" }, { "qwen2", "qwen2_moe" }, { "dots", "dots1" }, { "llama", "llama" }, { "deepseek", "glm4_moe" },
        { "granite", "granitemoe" }, { "granite_shared", "granitemoeshared" }, { "ernie", "ernie4_5_moe" },
        { "ernie_untied", "ernie4_5_moe" }, { "hunyuan", "hunyuan_v1_moe" }, { "minimax", "minimax_m2" }, { "flex_olmo", "flex_olmo" },
        { "gpt_oss", "gpt_oss" }, { "dbrx", "dbrx" }, { "llama4", "llama4_text" }, { "llama4_topk", "llama4_text" }, { "phimoe", "phimoe" },
        { "phimoe_tied", "phimoe" }, { "phimoe_long", "phimoe" }, { "grok", "grok-1" }, { "qwen2_dense", "qwen2" }, { "qwen3_dense", "qwen3" },
        { "latent", "deepseek_v3" }, { "latent_lite", "deepseek_v2" }, { "latent_halves", "deepseek_v3" },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void A_configuration_is_saved_in_the_layout_of_the_family_it_equals(string name, string family)
    {
        DecoderConfig config = SampleConfigs.All[name];
        Family chosen = FamilyCatalogue.Choose(config);
        chosen.ModelType.ShouldBe(family);
        string json = FamilyCatalogue.Write(chosen, config, "bfloat16");
        (Family back, DecoderConfig read) = FamilyCatalogue.Parse(Encoding.UTF8.GetBytes(json), "config.json");
        back.ModelType.ShouldBe(family);
        read.ShouldBe(config);
    }

    [Fact]
    public void A_configuration_that_no_family_says_is_not_saved() =>
        Should.Throw<ConfigException>(() => FamilyCatalogue.Choose(SampleConfigs.Mixtral with { Norm = NormKind.Layer, HasOutputBias = true })).Message
            .ShouldContain("No published family equals this configuration");

    [Fact]
    public void Every_tensor_of_the_state_is_bound_once()
    {
        foreach ((string name, DecoderConfig config) in SampleConfigs.All)
        {
            Dictionary<string, bool[]> seen = new MoeSharp.Models.Decoding.Decoder(config).State.ToDictionary(pair => pair.Key, pair => new bool[pair.Value.Length]);
            foreach (bool isFused in new[] { false, true })
            {
                WeightMap map = FamilyCatalogue.Choose(config).Map(config, tensor => isFused && tensor.EndsWith("gate_up_proj", StringComparison.Ordinal));
                foreach (WeightSegment segment in map.Bindings.SelectMany(binding => binding.Segments))
                {
                    for (long i = 0; i < segment.Length; i++)
                    {
                        seen[segment.Parameter][segment.ParameterStart + i].ShouldBe(isFused, $"{name} {segment.Parameter} {i}");
                        seen[segment.Parameter][segment.ParameterStart + i] = !isFused;
                    }
                }

                seen.Values.ShouldAllBe(places => places.All(place => place != isFused), name);
            }
        }
    }

    [Fact]
    public void Both_styles_of_rotary_keys_are_read()
    {
        RotaryConfig expected = new()
        {
            Theta = 500000,
            Scaling = RopeScaling.Llama3,
            Factor = 8,
            OriginalPositionCount = 64,
            LowFrequencyFactor = 1,
            HighFrequencyFactor = 4,
        };
        const string facts = """
            "factor": 8.0, "original_max_position_embeddings": 64, "low_freq_factor": 1.0, "high_freq_factor": 4.0
            """;
        Read("\"rope_theta\": 500000.0, \"rope_scaling\": {\"rope_type\": \"llama3\", " + facts + "}").Rotary.ShouldBe(expected);
        Read("\"rope_theta\": 500000.0, \"rope_scaling\": {\"type\": \"llama3\", " + facts + "}").Rotary.ShouldBe(expected);
        Read("\"rope_parameters\": {\"rope_theta\": 500000.0, \"rope_type\": \"llama3\", " + facts + "}").Rotary.ShouldBe(expected);
    }

    [Fact]
    public void A_missing_yarn_factor_is_the_ratio_of_the_lengths() =>
        Read("\"rope_scaling\": {\"type\": \"yarn\", \"original_max_position_embeddings\": 64}").Rotary.ShouldBe(
            new RotaryConfig { Scaling = RopeScaling.Yarn, Factor = 4, OriginalPositionCount = 64 });

    [Theory]
    [InlineData(
        "\"quantization_config\": {\"quant_method\": \"fp8\"}",
        "quantization_config: checkpoints quantised by \"fp8\" with blocks of [] are not supported here.")]
    [InlineData(
        "\"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4}",
        "quantization_config: checkpoints quantised by \"gptq\" with blocks of [] are not supported here. Use the float or BF16 weights, or fp8 (e4m3)")]
    [InlineData("\"hidden_act\": \"swiglu_oai\"", "hidden_act is \"swiglu_oai\", which is not known.")]
    [InlineData("\"rope_scaling\": {\"rope_type\": \"wavy\", \"factor\": 2}", "rope_scaling.rope_type is \"wavy\", which is not supported.")]
    [InlineData("\"rope_scaling\": {\"rope_type\": \"linear\"}", "rope_scaling.factor is missing.")]
    [InlineData("\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 2, \"tilt\": 3}", "rope_scaling.tilt is 3, which family")]
    [InlineData("\"rope_parameters\": {\"full_attention\": {\"rope_theta\": 1.0}}", "rope_parameters.full_attention is {")]
    [InlineData("\"logits_scaling\": 6.0", "logits_scaling is 6.0, which family 'mistral' does not understand.")]
    [InlineData("\"attn_logit_softcapping\": 30.0", "attn_logit_softcapping is 30.0")]
    [InlineData("\"attention_bias\": true", "attention_bias is true")]
    [InlineData("\"hidden_size\": \"wide\"", "hidden_size must be a whole number of 32 bits, got \"wide\".")]
    [InlineData("\"layer_types\": [\"full_attention\"]", "layer_types must have 2 entries")]
    [InlineData("\"num_attention_heads\": 3", "KeyValueHeadCount must be at least 1 and divide HeadCount (3), got 2.")]
    public void What_is_not_understood_is_an_error(string extra, string message) =>
        Should.Throw<ConfigException>(() => Read(extra)).Message.ShouldContain(message);

    [Theory]
    [InlineData("\"logits_scaling\": 1.0")]
    [InlineData("\"attention_bias\": false")]
    [InlineData("\"quantization_config\": null")]
    [InlineData("\"_name_or_path\": \"somewhere\", \"architectures\": [\"MistralForCausalLM\"], \"torch_dtype\": \"bfloat16\"")]
    [InlineData("\"attention_dropout\": 0.1, \"use_cache\": true, \"temperature\": 0.7, \"pretraining_tp\": 1")]
    [InlineData("\"rope_scaling\": null, \"layer_types\": [\"full_attention\", \"full_attention\"], \"sliding_window\": null")]
    public void What_changes_nothing_is_left_alone(string extra) => Read(extra).HiddenSize.ShouldBe(32);

    [Fact]
    public void All_faults_are_told_at_once() => Should.Throw<ConfigException>(() => FamilyCatalogue.Parse(Encoding.UTF8.GetBytes(
        """{"model_type": "mixtral", "hidden_act": "odd", "use_magic": true, "num_attention_heads": 4}"""), "config.json")).Message.ShouldBe(
        """
        Invalid config.json:
          hidden_size is missing. It must be a whole number.
          vocab_size is missing. It must be a whole number.
          num_hidden_layers is missing. It must be a whole number.
          hidden_act is "odd", which is not known. Known are silu, swish, gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu, sigmoid, tanh.
          intermediate_size is missing. It must be a whole number.
          use_magic is true, which family 'mixtral' does not understand. It may change the mathematics, so the model is not loaded.
        """.ReplaceLineEndings("\n"));

    [Theory]
    [InlineData("{", "config.json: is not valid JSON: ")]
    [InlineData("[]", "config.json: is a list of 0, not an object.")]
    [InlineData("{}", "config.json, key 'model_type': is missing. Supported are mistral, llama, ")]
    [InlineData("{\"model_type\": \"mistral\", \"model_type\": \"llama\"}", "config.json: is not valid JSON: ")]
    [InlineData("{\"model_type\": \"bert\"}", "config.json, key 'model_type': is \"bert\", a family that is not supported.")]
    public void A_file_of_something_else_is_named(string json, string message) =>
        Should.Throw<ModelFormatException>(() => FamilyCatalogue.Parse(Encoding.UTF8.GetBytes(json), "config.json")).Message
            .ShouldStartWith(message);

    [Fact]
    public void A_golden_configuration_is_written_as_it_was_read()
    {
        foreach (string name in FamilyFolder.Names)
        {
            string path = Path.Combine(FamilyFolder.Root, name, "config.json");
            (Family family, DecoderConfig config) = FamilyCatalogue.Read(path);
            JsonObject written = JsonNode.Parse(FamilyCatalogue.Write(family, config, "bfloat16"))!.AsObject();
            FamilyCatalogue.Choose(config, family).ShouldBe(family, name);
            foreach ((string key, JsonNode? value) in JsonNode.Parse(File.ReadAllText(path))!.AsObject())
            {
                if (written.TryGetPropertyValue(key, out JsonNode? ours) && !s_rewritten.Contains(key))
                {
                    JsonNode.DeepEquals(ours, value).ShouldBeTrue($"{name} {key}: {ours?.ToJsonString()} for {value?.ToJsonString()}");
                }
            }
        }
    }

    private static DecoderConfig Read(string extra)
    {
        JsonObject json = JsonNode.Parse(FamilyCatalogue.Write(new MistralFamily(), SampleConfigs.Dense, "bfloat16"))!.AsObject();
        if (extra.Contains("rope_parameters", StringComparison.Ordinal))
        {
            json.Remove("rope_theta");
            json.Remove("rope_scaling");
        }

        foreach ((string key, JsonNode? value) in JsonNode.Parse("{" + extra + "}")!.AsObject())
        {
            json[key] = value?.DeepClone();
        }

        return FamilyCatalogue.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), "config.json").Config;
    }
}
