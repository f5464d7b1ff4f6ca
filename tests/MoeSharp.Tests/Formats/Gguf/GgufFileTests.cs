using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Tests.Formats.Gguf;

public sealed class GgufFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shapes_are_outermost_first_and_metadata_is_typed()
    {
        using GgufFile file = GgufFile.Open(GgufGolden.Path("families/mistral.bf16.gguf"));

        file.Version.ShouldBe(3);
        file.Alignment.ShouldBe(32);
        file.Values.GetInt("llama.block_count").ShouldBe(2);
        file.Values.GetDouble("llama.attention.layer_norm_rms_epsilon").ShouldBeGreaterThan(0);
        file.Values.GetTexts("tokenizer.ggml.tokens").Count.ShouldBe(320);
        StoredTensor embedding = file.Find("token_embd.weight");
        embedding.Type.ShouldBe(StoredType.BF16);
        embedding.Shape.ShouldBe([320, file.Values.GetInt("llama.embedding_length")]);
        file.Metadata["general.architecture"].ShouldBe("llama");
    }

    [Theory]
    [InlineData("splits/mistral-00001-of-00003.gguf")]
    [InlineData("splits/mistral-00002-of-00003.gguf")]
    [InlineData("variants/mistral.v2.gguf")]
    [InlineData("variants/mistral.align128.reordered.gguf")]
    public void Splits_versions_alignments_and_orders_hold_the_same_model(string name)
    {
        using GgufFile expected = GgufFile.Open(GgufGolden.Path("families/mistral.bf16.gguf"));
        using GgufFile file = GgufFile.Open(GgufGolden.Path(name));

        file.Tensors.Select(tensor => tensor.Name).Order().ShouldBe(expected.Tensors.Select(tensor => tensor.Name).Order());
        foreach (StoredTensor tensor in expected.Tensors)
        {
            file.Find(tensor.Name).Shape.ShouldBe(tensor.Shape);
            file.ReadFloat32(tensor.Name).ShouldBe(expected.ReadFloat32(tensor.Name));
        }

        file.Values.GetTexts("tokenizer.ggml.tokens").ShouldBe(expected.Values.GetTexts("tokenizer.ggml.tokens"));
    }

    [Theory]
    [InlineData("variants/mistral.v1.gguf", "is GGUF version 1, which has other lengths and is not read")]
    [InlineData("variants/mistral.v3.big-endian.gguf", "is a big-endian GGUF file, which is not read")]
    public void Old_and_big_endian_files_get_a_clear_error(string name, string reason)
    {
        Should.Throw<ModelFormatException>(() => GgufFile.Open(GgufGolden.Path(name)).Dispose()).Message.ShouldContain(reason);
    }

    [Fact]
    public void A_missing_part_and_a_renamed_part_are_named()
    {
        File.Copy(GgufGolden.Path("splits/mistral-00001-of-00003.gguf"), _folder["m-00001-of-00003.gguf"]);
        Should.Throw<ModelFormatException>(() => GgufFile.Open(_folder["m-00001-of-00003.gguf"]).Dispose())
            .Message.ShouldBe("m-00002-of-00003.gguf: is missing: part 2 of 3 of this model. Download it into the same folder.");

        File.Copy(GgufGolden.Path("splits/mistral-00003-of-00003.gguf"), _folder["m-00002-of-00003.gguf"]);
        Should.Throw<ModelFormatException>(() => GgufFile.Open(_folder["m-00001-of-00003.gguf"]).Dispose())
            .Message.ShouldContain("key 'split.no'");

        File.Copy(GgufGolden.Path("splits/mistral-00001-of-00003.gguf"), _folder["part.gguf"]);
        Should.Throw<ModelFormatException>(() => GgufFile.Open(_folder["part.gguf"]).Dispose())
            .Message.ShouldContain("Parts must be named <name>-00001-of-00003.gguf");
    }

    [Fact]
    public void Lookups_name_key_and_byte()
    {
        using GgufFile file = GgufFile.Open(GgufGolden.Path("malformed/good.gguf"));

        Should.Throw<ModelFormatException>(() => file.Values.GetInt("llama.expert_count"))
            .Message.ShouldBe("good.gguf, key 'llama.expert_count': is missing. It must be a whole number.");
        Should.Throw<ModelFormatException>(() => file.Values.GetInt("general.architecture"))
            .Message.ShouldBe("good.gguf, key 'general.architecture', byte 56: is Text llama, not a whole number of 32 bits.");
    }

    [Fact]
    public void Tensors_above_two_gibibytes_are_read_by_position()
    {
        string path = _folder["large.gguf"];
        var metadata = new GgufMetadata();
        metadata.Set("general.architecture", GgufValue.Of("llama"));
        byte[] header = GgufHeaderWriter.Write(3, 32, metadata,
            [(new GgufEntry("big", StoredType.F32, [700_000, 1024]), 0), (new GgufEntry("after", StoredType.F32, [1]), 2_867_200_000)]);
        using (var stream = new FileStream(path, FileMode.Create))
        {
            stream.Write(header);
            stream.SetLength(header.Length + 2_867_200_000L + 4); // a hole: takes no room on disk
            stream.Position = header.Length + (4 * ((699_999L * 1024) + 1023));
            stream.Write([.. BitConverter.GetBytes(2.5f), .. BitConverter.GetBytes(-7f)]);
        }

        using GgufFile file = GgufFile.Open(path);
        var last = new float[2];
        file.ReadFloat32(file.Find("big"), (700_000L * 1024) - 2, last);
        last.ShouldBe([0, 2.5f]);
        file.ReadFloat32("after").ShouldBe([-7f]);
    }

    [Fact]
    public void Block_types_are_dequantised_at_any_place()
    {
        BlockFormat? format = StoredType.Q80.Format();
        Assert.SkipWhen(format is null, "Q8_0 is not there yet.");
        var values = new float[3 * 64];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = MathF.Sin(i);
        }

        var metadata = new GgufMetadata();
        using (var writer = new GgufWriter(_folder["q.gguf"], metadata, [new GgufEntry("w", StoredType.Q80, [3, 64])]))
        {
            writer.Write("w", values);
            writer.Commit();
        }

        using GgufFile file = GgufFile.Open(_folder["q.gguf"]);
        float[] all = file.ReadFloat32("w");
        for (int i = 0; i < all.Length; i++)
        {
            all[i].ShouldBe(values[i], 0.005f);
        }

        foreach ((int first, int count) in new[] { (0, 1), (31, 2), (5, 100), (32, 32), (191, 1), (33, 159), (10, 0) })
        {
            var part = new float[count];
            file.ReadFloat32(file.Find("w"), first, part);
            part.ShouldBe(all[first..(first + count)]);
        }
    }
}
