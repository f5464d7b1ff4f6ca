using MoeSharp.Analysis.Verification;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tests.Formats;
using MoeSharp.Tests.Golden;

namespace MoeSharp.Tests.Models.Conversion;

/// <summary>Models that are written as several files: shards of safetensors, parts of GGUF.</summary>
public sealed class SeveralFilesTests : IDisposable
{
    private const long PartBytes = 20_000;
    private static readonly string s_original = Path.Combine(FamilyFolder.Root, "olmoe");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Above_a_size_a_folder_has_shards_and_an_index()
    {
        Convert(s_original, _folder["whole"]);
        Convert(s_original, _folder["shards"], new ConversionOptions { ShardBytes = PartBytes });

        string[] files = [.. Directory.GetFiles(_folder["shards"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        int count = files.Count(ShardedSafetensorsWriter.IsShard);
        count.ShouldBeGreaterThan(3);
        files.Where(ShardedSafetensorsWriter.IsShard).ShouldBe(Enumerable.Range(1, count).Select(i => $"model-{i:D5}-of-{count:D5}.safetensors"));
        files.ShouldContain("model.safetensors.index.json");
        files.ShouldNotContain("model.safetensors");
        using TensorSource whole = SafetensorsModel.Open(_folder["whole"]), shards = SafetensorsModel.Open(_folder["shards"]);
        ShouldBeEqual(shards, whole);
        foreach (IGrouping<string, StoredTensor> file in shards.Tensors.GroupBy(tensor => tensor.File))
        {
            (file.Count() == 1 || file.Sum(tensor => tensor.ByteLength) <= PartBytes).ShouldBeTrue(file.Key);
        }

        System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["shards"], "model.safetensors.index.json")))!["metadata"]!["total_size"]!
            .GetValue<long>().ShouldBe(whole.Tensors.Sum(tensor => tensor.ByteLength));
        ModelVerifier.Verify(_folder["shards"], deep: true).Findings.ShouldBeEmpty();
        DecoderFolder.Load(_folder["shards"]);
    }

    [Fact]
    public void Another_number_of_shards_replaces_all_files_of_the_model_that_was_there()
    {
        string target = _folder["model"];
        Convert(s_original, target, new ConversionOptions { ShardBytes = PartBytes });
        File.WriteAllText(Path.Combine(target, "notes.txt"), "mine");
        Convert(s_original, target, new ConversionOptions { ShardBytes = 2 * PartBytes, Overwrites = true });
        using (TensorSource source = SafetensorsModel.Open(target))
        {
            Directory.GetFiles(target, "*.safetensors").Order().ShouldBe(source.Tensors.Select(tensor => tensor.File).Distinct().Order());
        }

        Convert(s_original, target, new ConversionOptions { Overwrites = true });
        Directory.GetFiles(target, "*.safetensors").Select(path => Path.GetFileName(path)).ShouldBe(["model.safetensors"]);
        File.Exists(Path.Combine(target, "model.safetensors.index.json")).ShouldBeFalse();
        File.Exists(Path.Combine(target, "notes.txt")).ShouldBeTrue();
        ModelVerifier.Verify(target).Findings.ShouldBeEmpty();
    }

    [Fact]
    public void Above_a_size_a_GGUF_model_has_parts()
    {
        Convert(s_original, _folder["whole.gguf"]);
        ConversionReport report = Convert(s_original, _folder["model.gguf"], new ConversionOptions { SplitBytes = PartBytes });

        string[] files = [.. Directory.GetFiles(_folder.Path, "model-*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        files.Length.ShouldBeGreaterThan(3);
        files.ShouldBe(Enumerable.Range(1, files.Length).Select(i => $"model-{i:D5}-of-{files.Length:D5}.gguf"));
        Path.GetFileName(report.Path).ShouldBe(files[0]);
        using GgufFile whole = GgufFile.Open(_folder["whole.gguf"]);
        foreach (string opened in files)
        {
            using GgufFile parts = GgufFile.Open(_folder[opened]);
            parts.Parts.Count.ShouldBe(files.Length);
            ShouldBeEqual(parts, whole);
            parts.Values.Keys.Where(key => !key.StartsWith("split.", StringComparison.Ordinal)).ShouldBe(whole.Values.Keys);
        }

        for (int i = 0; i < files.Length; i++)
        {
            // As the tools of llama.cpp write and ask for them: two numbers of 16 bits and a signed one of 32.
            using FileStream stream = File.OpenRead(_folder[files[i]]);
            GgufMetadata values = GgufHeader.Read(stream.SafeFileHandle, files[i]).Metadata;
            Value(values, "split.no").ShouldBe((GgufValueType.UInt16, i));
            Value(values, "split.count").ShouldBe((GgufValueType.UInt16, files.Length));
            Value(values, "split.tensors.count").ShouldBe((GgufValueType.Int32, whole.Tensors.Count));
            values.Has("general.architecture").ShouldBe(i == 0);
        }

        // And back into one file, every byte.
        Convert(_folder[files[0]], _folder["again.gguf"]);
        File.ReadAllBytes(_folder["again.gguf"]).ShouldBe(File.ReadAllBytes(_folder["whole.gguf"]));
        ModelVerifier.Verify(_folder[files[1]], deep: true).IsSound.ShouldBeTrue();
    }

    [Fact]
    public void Parts_that_are_there_are_not_written_over_unless_asked()
    {
        Convert(s_original, _folder["model.gguf"], new ConversionOptions { SplitBytes = PartBytes });
        string message = Should.Throw<IOException>(() => Convert(s_original, _folder["model.gguf"], new ConversionOptions { SplitBytes = PartBytes })).Message;
        message.ShouldContain("-00001-of-");
        message.ShouldContain("is there already");
        Convert(s_original, _folder["model.gguf"], new ConversionOptions { SplitBytes = PartBytes, Overwrites = true });
    }

    [Fact]
    public void A_stopped_conversion_leaves_no_file()
    {
        using StoredModel model = StoredModel.Open(s_original);
        for (int after = 0; after < 60; after += 12)
        {
            foreach (string target in (string[])["model.gguf", "model"])
            {
                using var stop = new CancellationTokenSource();
                var options = new ConversionOptions { ShardBytes = PartBytes, SplitBytes = PartBytes, Progress = new Stopper(stop, after) };
                Should.Throw<OperationCanceledException>(() => ModelConverter.Convert(model, _folder[target], options, stop.Token));
                Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).ShouldBeEmpty();
            }
        }
    }

    [Fact]
    public void A_model_that_is_there_stays_whole_while_another_is_written_over_it()
    {
        string target = _folder["model"];
        Convert(Path.Combine(FamilyFolder.Root, "mixtral"), target, new ConversionOptions { ShardBytes = PartBytes });
        using (StoredModel model = StoredModel.Open(s_original))
        {
            using var stop = new CancellationTokenSource();
            var options = new ConversionOptions { Overwrites = true, Progress = new Stopper(stop, 20) };
            Should.Throw<OperationCanceledException>(() => ModelConverter.Convert(model, target, options, stop.Token));
        }

        ModelVerifier.Verify(target, deep: true).Findings.ShouldBeEmpty();
        using StoredModel old = StoredModel.Open(target);
        old.LayoutName.ShouldBe("mixtral");
    }

    [Fact]
    public void A_saved_model_has_shards_above_a_size_and_replaces_what_was_there()
    {
        MoeSharp.Models.Decoding.Decoder decoder = Decoding.SampleConfigs.Build("mixtral");
        DecoderFolder.Save(decoder, _folder["model"], shardBytes: PartBytes);
        Directory.GetFiles(_folder["model"], "model-*.safetensors").Length.ShouldBeGreaterThan(2);
        ModelVerifier.Verify(_folder["model"]).Findings.ShouldBeEmpty();
        DecoderFolder.Save(decoder, _folder["model"]);
        Directory.GetFiles(_folder["model"]).Select(path => Path.GetFileName(path)).ShouldBe(["config.json", "model.safetensors"], ignoreOrder: true);
        DecoderFolder.Save(decoder, _folder["model"], shardBytes: PartBytes);
        File.Exists(Path.Combine(_folder["model"], "model.safetensors")).ShouldBeFalse();
        DecoderFolder.Load(_folder["model"]).Decoder.State["norm.weight"].Span.ToArray().ShouldBe(decoder.State["norm.weight"].Span.ToArray());
    }

    [Fact]
    public void A_model_whose_last_steps_are_missing_is_none()
    {
        // As a killed process leaves it: shards without index, an index without config.json, parts without the first.
        Convert(s_original, _folder["model"], new ConversionOptions { ShardBytes = PartBytes });
        File.Delete(Path.Combine(_folder["model"], "config.json"));
        Should.Throw<ModelFormatException>(() => StoredModel.Open(_folder["model"])).Message.ShouldContain("config.json");
        File.Delete(Path.Combine(_folder["model"], "model.safetensors.index.json"));
        Should.Throw<ModelFormatException>(() => SafetensorsModel.Open(_folder["model"])).Message.ShouldContain("holds neither");

        string first = Convert(s_original, _folder["model.gguf"], new ConversionOptions { SplitBytes = PartBytes }).Path;
        File.Delete(first);
        Should.Throw<ModelFormatException>(() => StoredModel.Open(first.Replace("-00001-", "-00002-", StringComparison.Ordinal))).Message.ShouldContain("is missing: part 1");
    }

    [Fact]
    public void A_writer_that_is_not_finished_shows_nothing()
    {
        SafetensorsEntry[] entries = [new("a", StoredType.F32, [4]), new("b", StoredType.F32, [4]), new("c", StoredType.U8, [3])];
        using (var writer = new ShardedSafetensorsWriter(_folder.Path, entries, shardBytes: 16))
        {
            writer.Files.Count.ShouldBe(3);
            writer.Write("a", [1, 2, 3, 4]);
            writer.WriteBytes("c", [1, 2, 3]);
            Should.Throw<InvalidOperationException>(writer.Commit).Message.ShouldContain("tensor 'b' has 0 of 16 bytes");
            Directory.GetFiles(_folder.Path, "*.safetensors").ShouldBeEmpty();
        }

        Directory.GetFiles(_folder.Path).ShouldBeEmpty();
        Should.Throw<ArgumentException>(() => new ShardedSafetensorsWriter(_folder.Path, [entries[0], entries[0]])).Message.ShouldContain("planned twice");
        Should.Throw<ArgumentException>(() => new ShardedSafetensorsWriter(_folder.Path, entries, 0)).Message.ShouldContain("at most 0 bytes");
        Should.Throw<ArgumentException>(() => new SplitGgufWriter(_folder["x.gguf"], new GgufMetadata(),
            [.. Enumerable.Range(0, 70_000).Select(i => new GgufEntry($"t{i}", StoredType.F32, [1]))], 1)).Message.ShouldContain("at most 65,535 are possible");
        Directory.GetFiles(_folder.Path).ShouldBeEmpty();
    }

    private static (GgufValueType, long) Value(GgufMetadata values, string key)
    {
        values.TryFind(key, out GgufValue? value).ShouldBeTrue();
        value!.TryGetInteger(out long number).ShouldBeTrue();
        return (value.Type, number);
    }

    private static void ShouldBeEqual(TensorSource actual, TensorSource expected)
    {
        actual.Tensors.Select(tensor => tensor.Name).ShouldBe(expected.Tensors.Select(tensor => tensor.Name), ignoreOrder: true);
        foreach (StoredTensor tensor in expected.Tensors)
        {
            byte[] theirs = new byte[tensor.ByteLength], ours = new byte[actual.Find(tensor.Name).ByteLength];
            expected.ReadBytes(tensor, 0, theirs);
            actual.ReadBytes(actual.Find(tensor.Name), 0, ours);
            ours.AsSpan().SequenceEqual(theirs).ShouldBeTrue(tensor.Name);
        }
    }

    private static ConversionReport Convert(string from, string to, ConversionOptions? options = null)
    {
        using StoredModel model = StoredModel.Open(from);
        return ModelConverter.Convert(model, to, options);
    }

    private sealed class Stopper(CancellationTokenSource stop, int after) : IProgress<ConversionProgress>
    {
        private int _steps;

        public void Report(ConversionProgress value)
        {
            if (_steps++ >= after)
            {
                stop.Cancel();
            }
        }
    }
}
