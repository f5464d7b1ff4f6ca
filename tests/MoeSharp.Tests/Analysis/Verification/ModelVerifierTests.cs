using MoeSharp.Analysis.Verification;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Tests.Formats;
using MoeSharp.Tests.Formats.Gguf;

namespace MoeSharp.Tests.Analysis.Verification;

public sealed class ModelVerifierTests : IDisposable
{
    private static readonly string s_data = Path.Combine(AppContext.BaseDirectory, "Golden", "Data");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Families => [.. Directory.GetDirectories(Path.Combine(s_data, "families")).Select(path => Path.GetFileName(path)!)];

    public static TheoryData<string> GgufFiles =>
        [.. Directory.GetFiles(GgufGolden.Path("families"), "*.gguf").Concat(Directory.GetFiles(GgufGolden.Path("models"), "*.gguf"))
            .Select(path => Path.GetRelativePath(GgufGolden.Root, path))];

    [Theory]
    [MemberData(nameof(Families))]
    public void Published_folders_are_sound_down_to_every_weight(string name)
    {
        string folder = Path.Combine(s_data, "families", name);
        CopyModel(folder, _folder.Path);

        VerifyReport report = ModelVerifier.Verify(_folder.Path, deep: true);

        report.Findings.ShouldBeEmpty();
        report.Files.Select(file => file.Name).Order(StringComparer.Ordinal).ShouldBe(["config.json", "model.safetensors"]);
        report.ScannedBytes.ShouldBeGreaterThan(0);
    }

    [Theory]
    [MemberData(nameof(GgufFiles))]
    public void Gguf_files_are_sound_down_to_every_weight(string name)
    {
        VerifyReport report = ModelVerifier.Verify(GgufGolden.Path(name), deep: true);

        report.Findings.Where(finding => finding.IsFault).ShouldBeEmpty();
        report.ScannedBytes.ShouldBeGreaterThan(100_000);
    }

    [Fact]
    public void All_parts_of_a_split_model_are_checked_once()
    {
        foreach (string path in Directory.GetFiles(GgufGolden.Path("splits")))
        {
            File.Copy(path, _folder[Path.GetFileName(path)]);
        }

        VerifyReport report = ModelVerifier.Verify(_folder.Path, deep: true);
        report.IsSound.ShouldBeTrue();
        report.Files.Count.ShouldBe(3);
        report.TensorCount.ShouldBe(21);
        ModelVerifier.Verify(_folder["mistral-00002-of-00003.gguf"]).TensorCount.ShouldBe(21);
    }

    [Fact]
    public void Every_malformed_file_is_faulty()
    {
        foreach (string path in Directory.GetFiles(GgufGolden.Path("malformed"), "*.gguf").Where(path => !path.EndsWith("good.gguf", StringComparison.Ordinal)))
        {
            VerifyReport report = ModelVerifier.Verify(path);
            report.IsSound.ShouldBeFalse(path);
            report.Findings.Single().File.ShouldBe(Path.GetFileName(path));
        }
    }

    [Fact]
    public void A_piece_of_a_model_is_sound_and_a_model_with_a_hole_is_not()
    {
        VerifyReport piece = ModelVerifier.Verify(GgufGolden.Path("malformed/good.gguf"), deep: true);
        piece.IsSound.ShouldBeTrue();
        piece.Findings.ShouldNotContain(finding => finding.IsFault);

        using (GgufFile file = GgufFile.Open(GgufGolden.Path("families/mistral.bf16.gguf")))
        {
            StoredTensor[] kept = [.. file.Tensors.Where(tensor => tensor.Name != "blk.1.attn_v.weight")];
            using var writer = new GgufWriter(_folder["hole.gguf"], file.Values, kept.Select(tensor => new GgufEntry(tensor.Name, tensor.Type, tensor.Shape)));
            foreach (StoredTensor tensor in kept)
            {
                writer.Copy(tensor.Name, file, tensor);
            }

            writer.Commit();
        }

        VerifyReport report = ModelVerifier.Verify(_folder["hole.gguf"]);
        report.IsSound.ShouldBeFalse();
        report.Findings.Single().Message.ShouldContain("1 tensor is missing: blk.1.attn_v.weight");
    }

    [Fact]
    public void Values_that_are_no_numbers_and_dead_experts_are_found_where_they_are()
    {
        string path = _folder["bad.gguf"];
        using (GgufFile file = GgufFile.Open(GgufGolden.Path("models/mixtral-96.Q4_0.gguf")))
        using (var writer = new GgufWriter(path, file.Values, file.Tensors.Select(tensor => new GgufEntry(tensor.Name, tensor.Type, tensor.Shape))))
        {
            foreach (StoredTensor tensor in file.Tensors)
            {
                var bytes = new byte[tensor.ByteLength];
                file.ReadBytes(tensor, 0, bytes);
                if (tensor.Name == "blk.0.attn_q.weight")
                {
                    (bytes[36], bytes[37]) = (0, 0x7e); // the scale of block 2: NaN in 16 bits
                }
                else if (tensor.Name == "blk.1.ffn_up_exps.weight")
                {
                    // Expert 1: scales of zero.
                    int expert = bytes.Length / (int)tensor.Shape[0];
                    bytes.AsSpan(expert, expert).Clear();
                }

                writer.WriteBytes(tensor.Name, bytes);
            }

            writer.Commit();
        }

        ModelVerifier.Verify(path).IsSound.ShouldBeTrue();
        var seen = new List<VerifyProgress>();
        VerifyReport report = ModelVerifier.Verify(path, deep: true, new Recorder(seen));

        report.IsSound.ShouldBeFalse();
        report.Findings.Count.ShouldBe(2);
        using GgufFile bad = GgufFile.Open(path);
        VerifyFinding nan = report.Findings.Single(finding => finding.Item == "tensor 'blk.0.attn_q.weight'");
        nan.Message.ShouldBe("holds 32 values that are NaN or infinite, the first (NaN) at element 64 (block 2).");
        nan.Offset.ShouldBe(bad.Find("blk.0.attn_q.weight").Offset + 36);
        report.Findings.Single(finding => finding.Item == "tensor 'blk.1.ffn_up_exps.weight'").Message.ShouldContain("1 of 4 experts are zero throughout (dead): 1.");
        seen[^1].DoneBytes.ShouldBe(seen[^1].AllBytes);
        report.ScannedBytes.ShouldBe(bad.Tensors.Sum(tensor => tensor.ByteLength));
    }

    [Fact]
    public void Several_faults_of_a_folder_are_told_together()
    {
        CopyModel(Path.Combine(s_data, "families", "mixtral"), _folder.Path);
        File.WriteAllBytes(_folder["model.safetensors"], File.ReadAllBytes(_folder["model.safetensors"])[..^4]);
        File.WriteAllText(_folder["tokenizer.json"], "{}");
        File.WriteAllText(_folder["generation_config.json"], "[");

        VerifyReport report = ModelVerifier.Verify(_folder.Path);

        report.Findings.Select(finding => finding.File).Order(StringComparer.Ordinal).ShouldBe(["generation_config.json", "model.safetensors", "tokenizer.json"]);
        report.Findings.ShouldAllBe(finding => finding.IsFault);
        ModelVerifier.Verify(_folder["config.json"]).IsSound.ShouldBeTrue();
    }

    [Fact]
    public void A_missing_shard_and_a_dead_expert_of_single_matrices_are_found()
    {
        using (var writer = new SafetensorsWriter(_folder["model-00001-of-00002.safetensors"], [new SafetensorsEntry("model.layers.0.mlp.experts.3.up_proj.weight", StoredType.BF16, [2, 2])]))
        {
            writer.Write("model.layers.0.mlp.experts.3.up_proj.weight", [0f, 0f, 0f, 0f]);
            writer.Commit();
        }

        VerifyReport report = ModelVerifier.Verify(_folder["model-00001-of-00002.safetensors"], deep: true);
        report.Findings.Single().Message.ShouldBe("is zero throughout: the expert is dead.");

        File.WriteAllText(_folder["model.safetensors.index.json"],
            """{"weight_map":{"model.layers.0.mlp.experts.3.up_proj.weight":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}""");
        ModelVerifier.Verify(_folder.Path).Findings.ShouldHaveSingleItem().Message.ShouldContain("is listed but missing");
    }

    [Fact]
    public void An_empty_folder_is_no_model_and_a_missing_one_is_told()
    {
        ModelVerifier.Verify(_folder.Path).IsSound.ShouldBeFalse();
        Should.Throw<FileNotFoundException>(() => ModelVerifier.Verify(_folder["nothing"]));
    }

    private static void CopyModel(string from, string to)
    {
        foreach (string name in (string[])["config.json", "model.safetensors"])
        {
            File.Copy(Path.Combine(from, name), Path.Combine(to, name));
        }
    }

    private sealed class Recorder(List<VerifyProgress> seen) : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) => seen.Add(value);
    }
}
