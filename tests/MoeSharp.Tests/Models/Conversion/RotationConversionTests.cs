using MoeSharp.Analysis;
using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tests.Formats;
using MoeSharp.Tests.Models.Decoding;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Models.Conversion;

/// <summary>Scaled rotation goes to GGUF: as keys, or as tensors of divisors where it has no keys.</summary>
public sealed class RotationConversionTests : IDisposable
{
    private static readonly Dictionary<string, (DecoderConfig Config, string[] Tensors, string[] Keys)> s_models = new()
    {
        ["llama3"] = (SampleConfigs.Llama, ["rope_freqs.weight"], []),
        ["llama3 in a mixture"] = (SampleConfigs.Mixtral with { Rotary = SampleConfigs.Llama.Rotary }, ["rope_freqs.weight"], []),
        ["llama4"] = (
            SampleConfigs.Llama4 with
            {
                Rotary = SampleConfigs.Llama4.Rotary with
                {
                    Scaling = RopeScaling.Llama3,
                    Factor = 8,
                    OriginalPositionCount = 64,
                    LowFrequencyFactor = 1,
                    HighFrequencyFactor = 1,
                },
            },
            ["rope_freqs.weight"], []),
        ["longrope"] = (
            SampleConfigs.All["phimoe_long"] with { Rotary = SampleConfigs.All["phimoe_long"].Rotary with { ShortMScale = 1.3, LongMScale = 1.3 } },
            ["rope_factors_short.weight", "rope_factors_long.weight"], ["attn_factor", "original_context_length"]),
        ["longrope with two factors"] = (
            SampleConfigs.All["phimoe_long"], ["rope_factors_short.weight", "rope_factors_long.weight"],
            ["attn_factor", "original_context_length", "short_mscale", "long_mscale"]),
        ["longrope, factor computed"] = (
            SampleConfigs.All["phimoe_long"] with { Rotary = SampleConfigs.All["phimoe_long"].Rotary with { ShortMScale = null, LongMScale = null } },
            ["rope_factors_short.weight", "rope_factors_long.weight"], ["attn_factor", "original_context_length"]),
        ["yarn"] = (
            SampleConfigs.Latent with { HasQueryKeyValueBias = false, HasOutputBias = false }, [],
            ["type", "factor", "original_context_length", "yarn_beta_fast", "yarn_beta_slow", "yarn_log_multiplier", "yarn_mscale"]),
        ["yarn of gpt-oss"] = (
            SampleConfigs.GptOss, [], ["type", "factor", "original_context_length", "yarn_beta_fast", "yarn_beta_slow", "yarn_truncate"]),
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. s_models.Keys];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void Scaled_rotation_goes_to_GGUF_and_back(string name)
    {
        (DecoderConfig config, string[] tensors, string[] keys) = s_models[name];
        MoeSharp.Models.Decoding.Decoder decoder = MoeSharp.Models.Decoding.Decoder.Create(config, seed: 3);
        DecoderFolder.Save(decoder, _folder["original"]);
        Convert(_folder["original"], _folder["model.gguf"]);
        Convert(_folder["model.gguf"], _folder["back"]);

        using (GgufFile file = GgufFile.Open(_folder["model.gguf"]))
        {
            file.Tensors.Select(tensor => tensor.Name).Where(tensor => tensor.StartsWith("rope_", StringComparison.Ordinal)).ShouldBe(tensors, ignoreOrder: true);
            string start = file.Values.GetText("general.architecture") + ".rope.scaling.";
            file.Values.Keys.Where(key => key.StartsWith(start, StringComparison.Ordinal)).Select(key => key[start.Length..]).ShouldBe(keys, ignoreOrder: true);
            foreach (string tensor in tensors)
            {
                file.Find(tensor).Shape.ShouldBe([config.Rotary.RotatedSize(config.RotatedHeadSize) / 2]);
            }
        }

        File.ReadAllText(Path.Combine(_folder["back"], "config.json")).ShouldBe(File.ReadAllText(Path.Combine(_folder["original"], "config.json")));
        foreach (int length in (int[])[20, 70])
        {
            int[] ids = SampleConfigs.Ids(length);
            float[] expected = [.. LogitsDump.Run(decoder, ids).Logits];
            using StoredModel gguf = StoredModel.Open(_folder["model.gguf"]);
            float[] logits = [.. LogitsDump.Run(gguf.Load(WeightOptions.Float32), ids).Logits];
            float largest = expected.Max(MathF.Abs);
            for (int i = 0; i < expected.Length; i++)
            {
                logits[i].ShouldBe(expected[i], 2e-5f * largest); // divisors are 32-bit floats in the file
            }
        }
    }

    [Fact]
    public void A_file_without_its_configuration_still_becomes_a_folder()
    {
        // As other programs write it: divisors are all that is left of Llama 3's scaling.
        MoeSharp.Models.Decoding.Decoder decoder = MoeSharp.Models.Decoding.Decoder.Create(SampleConfigs.Llama, seed: 3);
        DecoderFolder.Save(decoder, _folder["original"]);
        Convert(_folder["original"], _folder["model.gguf"]);
        using (GgufFile file = GgufFile.Open(_folder["model.gguf"]))
        {
            file.Values.Remove("moesharp.file.config.json").ShouldBeTrue();
            using var writer = new GgufWriter(_folder["bare.gguf"], file.Values, file.Tensors.Select(tensor => new GgufEntry(tensor.Name, tensor.Type, tensor.Shape)));
            foreach (MoeSharp.Formats.StoredTensor tensor in file.Tensors)
            {
                writer.Copy(tensor.Name, file, tensor);
            }

            writer.Commit();
        }

        Convert(_folder["bare.gguf"], _folder["back"]);
        Convert(_folder["back"], _folder["again.gguf"]);
        int[] ids = SampleConfigs.Ids(30);
        using StoredModel back = StoredModel.Open(_folder["back"]), again = StoredModel.Open(_folder["again.gguf"]), bare = StoredModel.Open(_folder["bare.gguf"]);
        back.Config.Rotary.Scaling.ShouldBe(RopeScaling.LongRope);
        IReadOnlyList<float> expected = LogitsDump.Run(bare.Load(WeightOptions.Float32), ids).Logits;
        LogitsDump.Run(back.Load(WeightOptions.Float32), ids).Logits.ShouldBe(expected);
        LogitsDump.Run(again.Load(WeightOptions.Float32), ids).Logits.ShouldBe(expected);
        again.Source.Find("rope_freqs.weight").ElementCount.ShouldBe(SampleConfigs.Llama.HeadSize / 2);
    }

    [Fact]
    public void Dynamic_scaling_has_neither_key_nor_tensor_and_is_refused()
    {
        DecoderConfig config = SampleConfigs.Dense with { Rotary = new() { Scaling = RopeScaling.Dynamic, Factor = 2 } };
        DecoderFolder.Save(MoeSharp.Models.Decoding.Decoder.Create(config, seed: 3), _folder["dynamic"]);
        Should.Throw<ConfigException>(() => Convert(_folder["dynamic"], _folder["model.gguf"])).Message.ShouldContain("No GGUF architecture equals this configuration");
    }

    private static void Convert(string from, string to)
    {
        using StoredModel model = StoredModel.Open(from);
        ModelConverter.Convert(model, to);
    }
}
