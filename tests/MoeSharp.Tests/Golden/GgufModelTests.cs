using System.Text.Json;
using MoeSharp.Analysis;
using MoeSharp.Formats.Gguf;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Gguf;
using MoeSharp.Tests.Formats.Gguf;

namespace MoeSharp.Tests.Golden;

/// <summary>Models in GGUF files against transformers on the same weights, and against the spread of llama.cpp's 8-bit activations.</summary>
public class GgufModelTests
{
    private const double ExactLimit = 1e-4; // of the largest reference value
    private const double SpreadFactor = 1.3;

    private static readonly Lazy<JsonDocument> s_index = new(() => JsonDocument.Parse(File.ReadAllBytes(GgufGolden.Path("index.json"))));

    public static TheoryData<string> Families => [.. Names("families")];

    public static TheoryData<string> Models => [.. Names("models")];

    [Fact]
    public void Every_file_is_tested()
    {
        string[] families = [.. s_index.Value.RootElement.GetProperty("families").EnumerateArray()
            .Where(entry => entry.TryGetProperty("file", out _)).Select(entry => entry.GetProperty("family").GetString()!)];
        families.Except(Names("families").Select(name => name.Split('.')[0])).Order().ShouldBe(["lfm2_moe", "qwen3_next"]);
        s_index.Value.RootElement.GetProperty("block_formats").EnumerateArray().Count(entry => entry.TryGetProperty("file", out _))
            .ShouldBe(Names("models").Count);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Families_answer_as_transformers_does(string name) => Exact("families/" + name, "p1", "p2");

    [Theory]
    [MemberData(nameof(Models))]
    public void Block_formats_multiplied_in_float_answer_as_their_values_do(string name) => Exact("models/" + name, "a", "b");

    [Theory]
    [MemberData(nameof(Models))]
    public void Block_formats_with_8_bit_activations_spread_no_more_than_llama_cpp(string name)
    {
        JsonElement spread = s_index.Value.RootElement.GetProperty("block_formats").EnumerateArray()
            .Single(entry => entry.TryGetProperty("file", out JsonElement file) && file.GetString() == $"models/{name}.gguf").GetProperty("rel_by_position");
        List<double> differences = [];
        foreach ((float[] ours, float[] theirs, int columns) in Run("models/" + name, new WeightOptions(), "a", "b"))
        {
            double largest = theirs.Max(Math.Abs);
            for (int row = 0; row < theirs.Length; row += columns)
            {
                differences.Add(Difference(ours.AsSpan(row, columns), theirs.AsSpan(row, columns)) / largest);
            }
        }

        differences.Sort();
        Quantile(differences, 0.5).ShouldBeLessThanOrEqualTo(SpreadFactor * spread.GetProperty("median").GetDouble(), "median");
        Quantile(differences, 0.9).ShouldBeLessThanOrEqualTo(SpreadFactor * spread.GetProperty("p90").GetDouble(), "90th percentile");
    }

    [Theory]
    [InlineData("splits/mistral-00001-of-00003")]
    [InlineData("variants/mistral.v2")]
    [InlineData("variants/mistral.align128.reordered")]
    public void Splits_and_variants_answer_as_the_whole_file(string name)
    {
        foreach (bool maps in new[] { true, false })
        {
            using var expected = SafetensorsFile.Open(GgufGolden.Path("families/mistral.bf16.expected.safetensors"));
            Decoder decoder = GgufDecoder.Load(GgufGolden.Path(name + ".gguf"), new WeightOptions { Maps = maps }).Decoder;
            float[] logits = [.. LogitsDump.Run(decoder, expected.ReadInt32("p2.input_ids")).Logits];
            float[] theirs = expected.ReadFloat32("p2.logits_hf");
            Difference(logits, theirs).ShouldBeLessThanOrEqualTo(ExactLimit * theirs.Max(Math.Abs));
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_layout_writes_the_keys_and_tensors_that_it_reads(string name)
    {
        using GgufFile file = GgufFile.Open(GgufGolden.Path($"families/{name}.gguf"));
        (GgufLayout layout, DecoderConfig config) = GgufLayouts.Read(file);

        layout.CanSay(config).ShouldBeTrue();
        GgufLayouts.Choose(config).CanSay(config).ShouldBeTrue();
        layout.Map(config).Bindings.Select(binding => (binding.Tensor, binding.Shape.Length)).OrderBy(tensor => tensor.Tensor, StringComparer.Ordinal)
            .ShouldBe(file.Tensors.Select(tensor => (tensor.Name, tensor.ElementCount)).OrderBy(tensor => tensor.Name, StringComparer.Ordinal));
        GgufLayouts.FamilyOf(layout, config).ShouldNotBeNull();

        var written = new GgufMetadata();
        layout.Write(config, written);
        foreach (string key in file.Values.Keys.Where(key => key.StartsWith(layout.Architecture, StringComparison.Ordinal)))
        {
            file.Values.TryFind(key, out GgufValue? theirs);
            if (written.TryFind(key, out GgufValue? ours))
            {
                (ours.Type, ours.ToString()).ShouldBe((theirs!.Type, theirs.ToString()), key);
            }
        }

        file.Values.Keys.Where(key => key.StartsWith(layout.Architecture, StringComparison.Ordinal)).Except(written.Keys)
            .Where(key => !IsUnsaid(key)).ShouldBeEmpty();
    }

    // Keys of defaults: no groups, the count beside the width of shared experts.
    private static bool IsUnsaid(string key) => key.EndsWith(".expert_group_count", StringComparison.Ordinal)
        || key.EndsWith(".expert_group_used_count", StringComparison.Ordinal) || key == "hunyuan-moe.expert_shared_count";

    private static void Exact(string name, params string[] prompts)
    {
        foreach ((float[] ours, float[] theirs, _) in Run(name, new WeightOptions { IsExact = true }, prompts))
        {
            Difference(ours, theirs).ShouldBeLessThanOrEqualTo(ExactLimit * theirs.Max(Math.Abs), name);
        }
    }

    private static IEnumerable<(float[] Ours, float[] Theirs, int Columns)> Run(string name, WeightOptions options, params string[] prompts)
    {
        Decoder decoder = GgufDecoder.Load(GgufGolden.Path(name + ".gguf"), options).Decoder;
        using var expected = SafetensorsFile.Open(GgufGolden.Path(name + ".expected.safetensors"));
        foreach (string prompt in prompts)
        {
            string reference = prompt + (expected.TryFind(prompt + ".logits_hf", out _) ? ".logits_hf" : ".logits_float");
            float[] ours = [.. LogitsDump.Run(decoder, expected.ReadInt32(prompt + ".input_ids")).Logits];
            yield return (ours, expected.ReadFloat32(reference), decoder.Config.VocabularySize);
        }
    }

    private static double Difference(ReadOnlySpan<float> ours, ReadOnlySpan<float> theirs)
    {
        ours.Length.ShouldBe(theirs.Length);
        double worst = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            double difference = Math.Abs((double)ours[i] - theirs[i]);
            worst = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(worst, difference);
        }

        return worst;
    }

    private static double Quantile(List<double> sorted, double part)
    {
        double place = part * (sorted.Count - 1);
        int low = (int)place;
        return sorted[low] + ((sorted[Math.Min(low + 1, sorted.Count - 1)] - sorted[low]) * (place - low));
    }

    private static List<string> Names(string folder) =>
    [
        .. Directory.GetFiles(GgufGolden.Path(folder), "*.gguf").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal),
    ];
}
