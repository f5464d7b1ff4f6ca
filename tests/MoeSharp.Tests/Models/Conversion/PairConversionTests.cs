using System.Text.Json.Nodes;
using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors.Quantization;
using MoeSharp.Tests.Formats;
using MoeSharp.Tests.Formats.Gguf;
using MoeSharp.Tests.Formats.Pairs;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Models.Conversion;

public sealed class PairConversionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static DecoderConfig GptOss { get; } =
        SampleConfigs.GptOss with { Experts = SampleConfigs.GptOss.Experts! with { IntermediateSize = 96 } };

    private static DecoderConfig Fp8 { get; } = SampleConfigs.Latent with
    {
        HiddenSize = 160,
        IntermediateSize = 192,
        HasQueryKeyValueBias = false,
        HasOutputBias = false,
    };

    [Fact]
    public void Blocks_of_gpt_oss_go_to_GGUF_and_back_bit_for_bit()
    {
        PublishedPairs.WriteMxfp4(GptOss, _folder["plain"], _folder["packed"]);
        Convert(_folder["packed"], _folder["model.gguf"]);
        Convert(_folder["model.gguf"], _folder["back"]);

        using GgufFile gguf = GgufFile.Open(_folder["model.gguf"]);
        foreach (StoredTensor stack in gguf.Tensors.Where(tensor => tensor.Name.EndsWith("_exps.weight", StringComparison.Ordinal)))
        {
            stack.Type.ShouldBe(StoredType.MXFP4, stack.Name);
        }

        using (TensorSource original = SafetensorsFile.Open(Path.Combine(_folder["packed"], "model.safetensors")),
            back = SafetensorsFile.Open(Path.Combine(_folder["back"], "model.safetensors")))
        {
            // Row 5 of the up projection of expert 1 is published row 11; neighbours become halves.
            StoredTensor blocks = original.Find("model.layers.0.mlp.experts.gate_up_proj_blocks"), scales = original.Find("model.layers.0.mlp.experts.gate_up_proj_scales");
            int perRow = (int)blocks.Shape[2], row = (int)blocks.Shape[1] + 11;
            byte[] expected = new byte[17 * perRow], numbers = new byte[16 * perRow], powers = new byte[perRow], actual = new byte[17 * perRow];
            original.ReadBytes(blocks, row * numbers.Length, numbers);
            original.ReadBytes(scales, row * perRow, powers);
            for (int i = 0; i < 32 * perRow; i++)
            {
                int code = (numbers[i / 2] >> (4 * (i % 2))) & 15, block = i / 32, place = i % 32;
                expected[block * 17] = powers[block];
                expected[(block * 17) + 1 + (place % 16)] |= (byte)(code << (place < 16 ? 0 : 4));
            }

            StoredTensor up = gguf.Find("blk.0.ffn_up_exps.weight");
            gguf.ReadBytes(up, (GptOss.Experts!.IntermediateSize + 5) * actual.Length, actual);
            actual.ShouldBe(expected);

            back.Tensors.Select(tensor => tensor.Name).ShouldBe(original.Tensors.Select(tensor => tensor.Name), ignoreOrder: true);
            foreach (StoredTensor before in original.Tensors)
            {
                back.Find(before.Name).ToString().ShouldBe(before.ToString());
                Bytes(back, before.Name).AsSpan().SequenceEqual(Bytes(original, before.Name)).ShouldBeTrue(before.Name);
            }
        }

        File.ReadAllText(Path.Combine(_folder["back"], "config.json")).ShouldBe(File.ReadAllText(Path.Combine(_folder["packed"], "config.json")));
        Logits(_folder["back"]).ShouldBe(Logits(_folder["packed"]));
        Logits(_folder["model.gguf"]).ShouldBe(Logits(_folder["packed"]));
    }

    [Fact]
    public void Blocks_of_a_GGUF_file_become_pairs_and_come_back_bit_for_bit()
    {
        string original = GgufGolden.Path("models/gpt_oss-64.MXFP4_MOE.gguf");
        Convert(original, _folder["pairs"]);
        Convert(_folder["pairs"], _folder["back.gguf"]);

        JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["pairs"], "config.json")))!["quantization_config"]!["quant_method"]!.GetValue<string>().ShouldBe("mxfp4");
        using GgufFile before = GgufFile.Open(original), after = GgufFile.Open(_folder["back.gguf"]);
        StoredTensor[] experts = [.. before.Tensors.Where(tensor => tensor.Type == StoredType.MXFP4)];
        experts.Length.ShouldBeGreaterThan(3);
        foreach (StoredTensor tensor in experts)
        {
            after.Find(tensor.Name).Type.ShouldBe(StoredType.MXFP4);
            Bytes(after, tensor.Name).AsSpan().SequenceEqual(Bytes(before, tensor.Name)).ShouldBeTrue(tensor.Name);
        }

        foreach (StoredTensor tensor in before.Tensors.Except(experts))
        {
            after.ReadFloat32(tensor.Name).ShouldBe(before.ReadFloat32(tensor.Name), tensor.Name);
        }
    }

    [Fact]
    public void Floats_of_gpt_oss_are_quantised_to_pairs_as_to_GGUF()
    {
        PublishedPairs.WriteMxfp4(GptOss, _folder["plain"], _folder["packed"]);
        var toBlocks = new ConversionOptions { Recipe = QuantizationRecipe.Parse("MXFP4_MOE") };
        ConversionReport report = Convert(_folder["plain"], _folder["pairs"], toBlocks);
        Convert(_folder["plain"], _folder["model.gguf"], toBlocks);

        report.Parts.Single(part => part.Part == "experts").Types.ShouldBe(["MXFP4", "BF16"], ignoreOrder: true);
        using TensorSource pairs = SafetensorsModel.Open(_folder["pairs"]);
        pairs.Find("model.embed_tokens.weight").Type.ShouldBe(StoredType.BF16);
        using GgufFile gguf = GgufFile.Open(_folder["model.gguf"]);
        foreach (int layer in Enumerable.Range(0, GptOss.LayerCount))
        {
            Bytes(pairs, $"model.layers.{layer}.mlp.experts.down_proj_blocks").ShouldBe(Bytes(gguf, $"blk.{layer}.ffn_down_exps.weight"));
        }

        MoeSharp.Models.Decoding.Decoder decoder = DecoderFolder.Load(_folder["pairs"], WeightOptions.Stored).Decoder;
        decoder.Parameters.Count(parameter => parameter.Packed?.Format?.Name == "MXFP4").ShouldBe(3 * GptOss.LayerCount);
    }

    [Fact]
    public void Pairs_become_floats_where_floats_are_asked_for()
    {
        PublishedPairs.WriteMxfp4(GptOss, _folder["plain"], _folder["packed"]);
        Convert(_folder["packed"], _folder["floats"], new ConversionOptions { Recipe = QuantizationRecipe.Parse("F32") });
        File.ReadAllText(Path.Combine(_folder["floats"], "config.json")).ShouldNotContain("quantization_config");
        Logits(_folder["floats"], WeightOptions.Float32).ShouldBe(Logits(_folder["plain"], WeightOptions.Float32));
    }

    [Fact]
    public void Experts_that_are_no_whole_blocks_and_other_families_are_refused()
    {
        var toBlocks = new ConversionOptions { Recipe = QuantizationRecipe.Parse("MXFP4") };
        DecoderFolder.Save(MoeSharp.Models.Decoding.Decoder.Create(
            GptOss with { Experts = GptOss.Experts! with { IntermediateSize = 80 } }, seed: 1), _folder["narrow"]);
        Should.Throw<ArgumentException>(() => Convert(_folder["narrow"], _folder["a"], toBlocks)).Message
            .ShouldBe($"convert: experts of {GptOss.HiddenSize} × 80 are no whole blocks of MXFP4 (32). Choose BF16.");
        DecoderFolder.Save(SampleConfigs.Build("mixtral"), _folder["mixtral"]);
        Should.Throw<ArgumentException>(() => Convert(_folder["mixtral"], _folder["b"], toBlocks)).Message.ShouldContain("safetensors hold F32, BF16 or F16, not MXFP4");
        Directory.Exists(_folder["a"]).ShouldBeFalse();
    }

    [Theory]
    [InlineData(null, "BF16")]
    [InlineData("BF16", "BF16")]
    [InlineData("F32", "F32")]
    [InlineData("Q8_0", "Q8_0")]
    public void Fp8_becomes_what_is_asked_for_in_GGUF(string? type, string stored)
    {
        PublishedPairs.WriteFp8(Fp8, _folder["plain"], _folder["packed"]);
        var options = new ConversionOptions { Recipe = type is null ? null : QuantizationRecipe.Parse(type) };
        ConversionReport report = Convert(_folder["packed"], _folder["model.gguf"], options);
        Convert(_folder["plain"], _folder["plain.gguf"], new ConversionOptions { Recipe = QuantizationRecipe.Parse(stored) });

        report.Tensors.Single(tensor => tensor.Name == "blk.1.attn_output.weight").From.ShouldBe("F8_E4M3");
        using GgufFile actual = GgufFile.Open(_folder["model.gguf"]), expected = GgufFile.Open(_folder["plain.gguf"]);
        foreach (StoredTensor tensor in expected.Tensors.Where(tensor => tensor.Name.StartsWith("blk.", StringComparison.Ordinal)))
        {
            actual.Find(tensor.Name).Type.ShouldBe(tensor.Type, tensor.Name);
            Bytes(actual, tensor.Name).AsSpan().SequenceEqual(Bytes(expected, tensor.Name)).ShouldBeTrue(tensor.Name);
        }

        actual.Find("blk.0.ffn_down.weight").Type.Name().ShouldBe(stored);
    }

    [Fact]
    public void Fp8_becomes_BF16_in_a_folder_that_does_not_speak_of_quantisation()
    {
        PublishedPairs.WriteFp8(Fp8, _folder["plain"], _folder["packed"]);
        Convert(_folder["packed"], _folder["floats"]);
        File.ReadAllText(Path.Combine(_folder["floats"], "config.json")).ShouldNotContain("quantization_config");
        using TensorSource source = SafetensorsModel.Open(_folder["floats"]);
        source.Find("model.layers.1.self_attn.o_proj.weight").Type.ShouldBe(StoredType.BF16);
        Convert(_folder["floats"], _folder["back.gguf"]);
        Convert(_folder["packed"], _folder["once.gguf"]);
        Logits(_folder["back.gguf"]).ShouldBe(Logits(_folder["once.gguf"]));
    }

    private static IReadOnlyList<float> Logits(string path, WeightOptions? options = null)
    {
        using StoredModel model = StoredModel.Open(path);
        return LogitsDump.Run(model.Load(options ?? new WeightOptions { IsExact = true }), SampleConfigs.Ids(12)).Logits;
    }

    private static byte[] Bytes(TensorSource source, string name)
    {
        StoredTensor tensor = source.Find(name);
        byte[] bytes = new byte[tensor.ByteLength];
        source.ReadBytes(tensor, 0, bytes);
        return bytes;
    }

    private static ConversionReport Convert(string from, string to, ConversionOptions? options = null)
    {
        using StoredModel model = StoredModel.Open(from);
        return ModelConverter.Convert(model, to, options);
    }
}
