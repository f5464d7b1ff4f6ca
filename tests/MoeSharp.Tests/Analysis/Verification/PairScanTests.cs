using MoeSharp.Analysis.Verification;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Tests.Formats;
using MoeSharp.Tests.Formats.Pairs;

namespace MoeSharp.Tests.Analysis.Verification;

public sealed class PairScanTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Fp8_with_scales_is_scanned_and_faults_have_the_byte_of_the_code()
    {
        (byte[] codes, float[] scales, _) = PublishedPairs.RandomFp8(seed: 1, matrices: 1, rows: 200, columns: 260);
        (byte[] sound, float[] nan, _) = PublishedPairs.RandomFp8(seed: 2, matrices: 1, rows: 200, columns: 260);
        codes[777] = 0xFF;
        nan[4] = float.NaN; // rows 128 on, columns 128 on
        string path = RawSafetensors.Write(
            _folder["a.safetensors"], ("x.weight", "F8_E4M3", [200, 260], codes), ("x.weight_scale_inv", "F32", [2, 3], PublishedPairs.Bytes(scales)),
            ("y.weight", "F8_E4M3", [200, 260], sound), ("y.weight_scale_inv", "F32", [2, 3], PublishedPairs.Bytes(nan)),
            ("model.layers.0.mlp.experts.1.up_proj.weight", "F8_E4M3", [2, 2], new byte[4]),
            ("model.layers.0.mlp.experts.1.up_proj.weight_scale_inv", "F32", [1, 1], PublishedPairs.Bytes([2f])));

        VerifyReport report = ModelVerifier.Verify(path, deep: true);

        using TensorSource source = SafetensorsModel.Open(path);
        report.Findings.Count.ShouldBe(3);
        VerifyFinding code = report.Findings.Single(finding => finding.Item == "tensor 'x.weight'");
        code.Message.ShouldBe("holds 1 value that is NaN or infinite, the first (NaN) at element 777.");
        code.Offset.ShouldBe(source.Find("x.weight").Offset + 777);
        VerifyFinding scale = report.Findings.Single(finding => finding.Item == "tensor 'y.weight'");
        scale.Message.ShouldBe("holds 9,216 values that are NaN or infinite, the first (NaN) at element 33,408.");
        scale.Offset.ShouldBe(source.Find("y.weight").Offset + (128 * 260) + 128);
        report.Findings[^1].Message.ShouldBe("is zero throughout: the expert is dead.");
        report.ScannedBytes.ShouldBe(source.Tensors.Sum(tensor => tensor.ByteLength));
    }

    [Fact]
    public void Eight_bit_floats_without_scales_are_scanned_as_they_are()
    {
        string path = RawSafetensors.Write(
            _folder["b.safetensors"], ("x", "F8_E4M3", [2, 2], [1, 2, 0x7F, 3]), ("y", "F8_E5M2", [2, 2], [0x7B, 0x7C, 0xFD, 0]));

        VerifyReport report = ModelVerifier.Verify(path, deep: true);

        report.Findings.Select(finding => finding.Message).ShouldBe(
        [
            "holds 1 value that is NaN or infinite, the first (NaN) at element 2.",
            "holds 2 values that are NaN or infinite, the first (Infinity) at element 1.",
        ]);
        report.ScannedBytes.ShouldBe(8);
    }

    [Fact]
    public void Mxfp4_pairs_are_scanned_and_a_scale_of_255_is_no_number()
    {
        (byte[] blocks, byte[] scales, _) = PublishedPairs.RandomMxfp4(seed: 3, rows: 3 * 4, columns: 64);
        blocks.AsSpan(0, 16).Clear();
        scales[0] = 255; // with codes of zero: no value shows it
        blocks.AsSpan(2 * 4 * 32, 4 * 32).Clear(); // expert 2
        string path = RawSafetensors.Write(
            _folder["c.safetensors"], ("model.layers.0.mlp.experts.gate_up_proj_blocks", "U8", [3, 4, 2, 16], blocks),
            ("model.layers.0.mlp.experts.gate_up_proj_scales", "U8", [3, 4, 2], scales));

        VerifyReport report = ModelVerifier.Verify(path, deep: true);

        using TensorSource source = SafetensorsModel.Open(path);
        report.Findings.Select(finding => finding.Message).ShouldBe(
            ["has 1 scale that is NaN (255), the first of block 0.", "1 of 3 experts are zero throughout (dead): 2."]);
        report.Findings[0].Offset.ShouldBe(source.Tensors.Single().Offset);
        report.Findings[1].Offset.ShouldBe(source.Tensors.Single().Offset + (2 * 4 * 32));
    }

    [Fact]
    public void A_name_with_control_characters_stays_on_its_line()
    {
        string path = RawSafetensors.Write(_folder["e.safetensors"], ("a\nfault: b\u001b[31m", "F99", [1], [0]));
        string line = ModelVerifier.Verify(path).Findings.Single().ToString();
        line.ShouldStartWith("e.safetensors, tensor 'a\\u000Afault: b\\u001B[31m', byte ");
        line.ShouldNotContain("\n");
    }

    [Fact]
    public void A_scale_of_255_in_a_gguf_file_is_no_number()
    {
        byte[] blocks = new byte[2 * 17];
        blocks[17] = 255;
        using (var writer = new GgufWriter(_folder["d.gguf"], new GgufMetadata(), [new GgufEntry("x", StoredType.MXFP4, [1, 64])]))
        {
            writer.WriteBytes("x", blocks);
            writer.Commit();
        }

        VerifyFinding finding = ModelVerifier.Verify(_folder["d.gguf"], deep: true).Findings.Single(finding => finding.IsFault);

        using GgufFile file = GgufFile.Open(_folder["d.gguf"]);
        finding.Message.ShouldBe("has 1 scale that is NaN (255), the first of block 1.");
        finding.Offset.ShouldBe(file.Find("x").Offset + 17);
    }
}
