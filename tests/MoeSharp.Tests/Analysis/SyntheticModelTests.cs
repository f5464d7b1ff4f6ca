using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Gguf;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Tests.Analysis;

public class SyntheticModelTests
{
    private static readonly int[] s_ids = [.. Enumerable.Range(0, 24).Select(i => i * 97 % 4096)];

    public static TheoryData<string> Types => [.. SyntheticModel.Types];

    [Theory]
    [MemberData(nameof(Types))]
    public void Activations_stay_of_order_one_in_every_type(string type)
    {
        Decoder decoder = SyntheticModel.Create(ModelShapes.Find("tiny-moe"), SyntheticModel.Recipe(type));
        LogitsDump dump = LogitsDump.Run(decoder, s_ids);
        double size = Math.Sqrt(dump.Logits.Average(value => (double)value * value));
        size.ShouldBeInRange(0.3, 3, type); // a head of deviation 1/√D takes normed rows of deviation 1
        dump.Logits.Distinct().Count().ShouldBeGreaterThan(1000, type);
    }

    [Fact]
    public void The_file_is_the_model_in_memory()
    {
        string path = Path.Combine(Path.GetTempPath(), $"moesharp-{Guid.NewGuid():N}.gguf");
        try
        {
            DecoderConfig config = ModelShapes.Find("tiny-moe");
            SyntheticModel.Write(path, config, SyntheticModel.Recipe("q4_k_m"), "test", architecture: "llama").ShouldBe(new FileInfo(path).Length);
            Decoder memory = SyntheticModel.Create(config, SyntheticModel.Recipe("q4_k_m"), architecture: "llama");
            using StoredModel stored = StoredModel.Open(path);
            LogitsDump.Run(stored.Load(), s_ids).Logits.ShouldBe(LogitsDump.Run(memory, s_ids).Logits);
            stored.ReadTokenizer()!.VocabularySize.ShouldBe(config.VocabularySize);
            stored.Gguf!.Values.GetTexts("tokenizer.ggml.tokens").Count.ShouldBe(config.VocabularySize);
            stored.Gguf.Values.GetInt("general.file_type").ShouldBe(15);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Every_shape_has_the_architecture_that_engines_know_it_by_and_the_types_of_moe_quantize()
    {
        foreach (string shape in ModelShapes.All.Keys)
        {
            DecoderConfig config = ModelShapes.Find(shape, 2); // the first of DeepSeek is dense
            var recipe = QuantizationRecipe.Parse("Q4_K_M");
            using var source = new SyntheticSource(config, recipe, 1, ModelShapes.ArchitectureOf(shape));
            source.Layout.CanSay(config).ShouldBeTrue(shape);
            foreach (StoredTensor tensor in source.Tensors)
            {
                tensor.Type.Format().ShouldBe(recipe.Choose(tensor.Name, tensor.Shape, RecipeFacts.Of(config)).Format, $"{shape} {tensor.Name}");
            }

            source.Find("output.weight").Type.Name().ShouldBe(config.HiddenSize % 256 == 0 ? "Q6_K" : "Q8_0", shape);
        }
    }

    [Fact]
    public void Any_part_of_a_tensor_reads_the_same_bytes()
    {
        using var source = new SyntheticSource(ModelShapes.Find("tiny-moe"), SyntheticModel.Recipe("Q4_K"), 3);
        foreach (string name in (string[])["blk.1.ffn_down_exps.weight", "blk.0.attn_norm.weight", "blk.0.ffn_gate_inp.weight"])
        {
            StoredTensor tensor = source.Find(name);
            byte[] whole = new byte[tensor.ByteLength], part = new byte[101];
            source.ReadBytes(tensor, 0, whole);
            for (int start = 0; start + part.Length <= whole.Length; start += 997)
            {
                source.ReadBytes(tensor, start, part);
                part.ShouldBe(whole.AsSpan(start, part.Length).ToArray(), name);
            }
        }
    }

    [Fact]
    public void Rows_differ_and_have_the_deviation_of_their_width()
    {
        using var source = new SyntheticSource(ModelShapes.Find("tiny-moe"), SyntheticModel.Recipe("Q8_0"), 3);
        float[] values = source.ReadFloat32("blk.0.ffn_up_exps.weight");
        double deviation = Math.Sqrt(values.Average(value => (double)value * value));
        deviation.ShouldBe(1 / 16.0, 0.002); // 256 columns
        values.Chunk(256).Select(row => string.Join(' ', row.Take(8))).Distinct().Count().ShouldBeGreaterThan(1700); // of 2048
        source.ReadFloat32("output_norm.weight").ShouldAllBe(value => value == 1);
    }

    [Fact]
    public void An_unknown_type_and_a_model_that_no_memory_holds_are_told()
    {
        Should.Throw<ArgumentException>(() => SyntheticModel.Recipe("Q9")).Message.ShouldContain("Q4_K_M");
        Should.Throw<ArgumentException>(() => SyntheticModel.Create(ModelShapes.Find("gpt-oss-20b") with { VocabularySize = 500_000_000 }, BlockFormats.F32))
            .Message.ShouldContain("fewer layers");
        Should.Throw<ConfigException>(() => SyntheticModel.Create(ModelShapes.Find("gpt-oss-20b", 1), SyntheticModel.Recipe("Q8_0"), architecture: "llama"));
    }
}
