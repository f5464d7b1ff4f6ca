using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Models.Decoding.Gguf;
using MoeSharp.Tensors;
using MoeSharp.Tests.Formats;
using MoeSharp.Tests.Golden;

namespace MoeSharp.Tests.Models.Conversion;

public class ModelConverterTests
{
    public static TheoryData<string> Families => [.. FamilyFolder.Names.Where(HasGguf)];

    public static TheoryData<string> GgufFiles => [.. Directory.EnumerateFiles(GgufRoot, "*.gguf", SearchOption.AllDirectories)
        .Where(path => CanBeFamily(path)).Select(path => Path.GetRelativePath(GgufRoot, path)).Order(StringComparer.Ordinal)];

    private static string GgufRoot { get; } = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "gguf", "families");

    [Theory]
    [MemberData(nameof(Families))]
    public void From_safetensors_to_GGUF_and_back_every_byte_is_the_same(string name)
    {
        using var folder = new TemporaryFolder();
        string original = Path.Combine(FamilyFolder.Root, name);
        Convert(original, folder["model.gguf"]);
        Convert(folder["model.gguf"], folder["back"]);

        using TensorSource before = SafetensorsModel.Open(original), after = SafetensorsModel.Open(folder["back"]);
        ShouldBeEqual(after, before);
        File.ReadAllText(Path.Combine(folder["back"], "config.json")).ShouldBe(File.ReadAllText(Path.Combine(original, "config.json")));

        using StoredModel gguf = StoredModel.Open(folder["model.gguf"]), safetensors = StoredModel.Open(original);
        int[] ids = [5, 7, 9, 11, 13, 17, 19];
        MoeSharp.Analysis.LogitsDump.Run(gguf.Load(WeightOptions.Float32), ids).Logits
            .ShouldBe(MoeSharp.Analysis.LogitsDump.Run(safetensors.Load(WeightOptions.Float32), ids).Logits);
    }

    [Theory]
    [MemberData(nameof(GgufFiles))]
    public void From_GGUF_to_safetensors_and_back_every_byte_is_the_same(string name)
    {
        using var folder = new TemporaryFolder();
        string original = Path.Combine(GgufRoot, name);
        Convert(original, folder["model"]);
        Convert(folder["model"], folder["back.gguf"]);
        using TensorSource before = GgufFile.Open(original), after = GgufFile.Open(folder["back.gguf"]);
        ShouldBeEqual(after, before);
    }

    [Fact]
    public void Only_families_that_GGUF_has_no_architecture_for_are_left_out() =>
        FamilyFolder.Names.Where(name => !HasGguf(name)).ShouldBe(["flex_olmo"]);

    [Theory]
    [InlineData("F32")]
    [InlineData("F16")]
    [InlineData("BF16")]
    public void Floats_of_every_type_come_back_unchanged(string type)
    {
        using var folder = new TemporaryFolder();
        QuantizationRecipe recipe = QuantizationRecipe.Parse(type);
        DecoderFolder.Save(SampleDecoder(), folder["first"]);
        Convert(folder["first"], folder["typed"], new ConversionOptions { Recipe = recipe });
        Convert(folder["typed"], folder["typed.gguf"], new ConversionOptions { Recipe = recipe });
        Convert(folder["typed.gguf"], folder["back"]);
        using TensorSource before = SafetensorsModel.Open(folder["typed"]), after = SafetensorsModel.Open(folder["back"]);
        ShouldBeEqual(after, before);
    }

    [Fact]
    public void What_a_narrow_type_cannot_hold_stays_F32_in_norms_and_routers()
    {
        using var folder = new TemporaryFolder();
        Decoder decoder = SampleDecoder();
        decoder.State["norm.weight"].Span.Fill(1.0001f);
        DecoderFolder.Save(decoder, folder["f32"]);
        ConversionReport report = Convert(folder["f32"], folder["bf16"], new ConversionOptions { Recipe = QuantizationRecipe.Parse("BF16") });
        report.Tensors.Single(tensor => tensor.Name == "model.norm.weight").To.ShouldBe("F32");
        report.Tensors.Single(tensor => tensor.Name == "model.embed_tokens.weight").To.ShouldBe("BF16");
    }

    [Fact]
    public void A_stopped_conversion_leaves_nothing_that_looks_like_a_model()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        var options = new ConversionOptions { Progress = new Stopper(stop) };
        string original = Path.Combine(FamilyFolder.Root, "mixtral");
        using StoredModel model = StoredModel.Open(original);
        Should.Throw<OperationCanceledException>(() => ModelConverter.Convert(model, folder["model.gguf"], options, stop.Token));
        Should.Throw<OperationCanceledException>(() => ModelConverter.Convert(model, folder["model"], options, stop.Token));
        Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public void A_model_that_is_there_is_replaced_only_when_asked()
    {
        using var folder = new TemporaryFolder();
        string original = Path.Combine(FamilyFolder.Root, "mixtral");
        foreach (string target in (string[])[folder["model.gguf"], folder["model"]])
        {
            Convert(original, target);
            Should.Throw<IOException>(() => Convert(original, target)).Message.ShouldContain("--force");
            Convert(original, target, new ConversionOptions { Overwrites = true });
        }
    }

    [Fact]
    public void Block_formats_go_to_GGUF_only()
    {
        using var folder = new TemporaryFolder();
        Should.Throw<ArgumentException>(() => Convert(
            Path.Combine(FamilyFolder.Root, "mixtral"), folder["model"], new ConversionOptions { Recipe = QuantizationRecipe.Parse("Q8_0") })).Message
            .ShouldBe("convert: safetensors hold F32, BF16 or F16, not Q8_0. Choose one of these, or a destination that ends in .gguf.");
    }

    [Fact]
    public void The_tokenizer_and_the_end_tokens_travel_with_the_model()
    {
        using var folder = new TemporaryFolder();
        using (StoredModel tiny = StoredModel.OpenTiny())
        {
            ModelConverter.Convert(tiny, folder["tiny.gguf"]);
        }

        Convert(folder["tiny.gguf"], folder["tiny"]);
        foreach (string name in (string[])["config.json", "generation_config.json", "tokenizer.json"])
        {
            File.ReadAllBytes(Path.Combine(folder["tiny"], name)).ShouldBe(TinyResource.Read(name), name);
        }

        using StoredModel gguf = StoredModel.Open(folder["tiny.gguf"]);
        const string Text = "It was a dark and stormy night;\n the rain fell — in torrents.";
        gguf.ReadTokenizer()!.Encode(Text).ShouldBe(Model.Tiny.Tokenizer!.Encode(Text));
        gguf.ReadEndTokens().ShouldBe(Model.Tiny.EndTokens);
    }

    private static Decoder SampleDecoder() => Decoding.SampleConfigs.Build("mixtral");

    private static ConversionReport Convert(string from, string to, ConversionOptions? options = null)
    {
        using StoredModel model = StoredModel.Open(from);
        return ModelConverter.Convert(model, to, options);
    }

    private static bool HasGguf(string family)
    {
        DecoderConfig config = FamilyCatalogue.Read(Path.Combine(FamilyFolder.Root, family, "config.json")).Config;
        return GgufLayouts.All.Any(layout => layout.CanSay(config));
    }

    private static bool CanBeFamily(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        if (GgufLayouts.Find(file.Values.GetText(GgufMetadata.ArchitectureKey)) is null)
        {
            return false;
        }

        (GgufLayout layout, DecoderConfig config) = GgufLayouts.Read(file);
        return GgufLayouts.FamilyOf(layout, config) is not null;
    }

    // In GGUF, the router of DBRX is published in the type of the matrices and is F32 with us; a vector may have a size of 1 more.
    private static void ShouldBeEqual(TensorSource actual, TensorSource expected)
    {
        actual.Tensors.Select(tensor => tensor.Name).Order().ShouldBe(expected.Tensors.Select(tensor => tensor.Name).Order());
        foreach (StoredTensor before in expected.Tensors)
        {
            StoredTensor after = actual.Find(before.Name);
            after.Shape.Where(size => size != 1).ShouldBe(before.Shape.Where(size => size != 1), before.Name);
            if (before.Name.Contains("ffn_gate_inp", StringComparison.Ordinal))
            {
                after.Type.ShouldBe(StoredType.F32);
                actual.ReadFloat32(before.Name).ShouldBe(expected.ReadFloat32(before.Name), before.Name);
                continue;
            }

            after.Type.ShouldBe(before.Type, before.Name);
            byte[] theirs = new byte[before.ByteLength], ours = new byte[after.ByteLength];
            expected.ReadBytes(before, 0, theirs);
            actual.ReadBytes(after, 0, ours);
            ours.AsSpan().SequenceEqual(theirs).ShouldBeTrue(before.Name);
        }
    }

    private sealed class Stopper(CancellationTokenSource stop) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => stop.Cancel();
    }
}
