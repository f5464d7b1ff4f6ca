using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;

namespace MoeSharp.Tests.Formats.Gguf;

public sealed class GgufWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("families/mistral.bf16.gguf", 3)]
    [InlineData("variants/mistral.v2.gguf", 2)]
    [InlineData("malformed/good.gguf", 3)]
    public void What_is_read_is_written_back_to_the_same_bytes(string name, int version)
    {
        string path = _folder["copy.gguf"];
        using (GgufFile file = GgufFile.Open(GgufGolden.Path(name)))
        using (var writer = new GgufWriter(path, file.Values, file.Tensors.Select(tensor => new GgufEntry(tensor.Name, tensor.Type, tensor.Shape)), version))
        {
            foreach (StoredTensor tensor in file.Tensors.Reverse())
            {
                writer.Copy(tensor.Name, file, tensor);
            }

            writer.Commit();
        }

        File.ReadAllBytes(path).ShouldBe(File.ReadAllBytes(GgufGolden.Path(name)));
    }

    [Fact]
    public void Every_metadata_type_makes_the_round_trip()
    {
        GgufValue[] values =
        [
            GgufValue.Of((byte)200), GgufValue.Of((sbyte)-3), GgufValue.Of((ushort)60_000), GgufValue.Of((short)-2), GgufValue.Of(4_000_000_000u),
            GgufValue.Of(-5), GgufValue.Of(ulong.MaxValue), GgufValue.Of(long.MinValue), GgufValue.Of(1.5f), GgufValue.Of(Math.PI), GgufValue.Of(true),
            GgufValue.Of("häß\n"), GgufValue.Of(""), GgufValue.Of(GgufTexts.Create(["a", "", "漢字"])), GgufValue.Of(new[] { 1, -2 }),
            GgufValue.Of(new sbyte[] { -1 }), GgufValue.Of(new byte[] { 255 }), GgufValue.Of(new ushort[] { 9 }), GgufValue.Of(new short[] { -9 }),
            GgufValue.Of(new[] { 3u }), GgufValue.Of(new[] { 7UL }), GgufValue.Of(new[] { -7L }), GgufValue.Of(new[] { 0.5f }), GgufValue.Of(new[] { 0.25 }),
            GgufValue.Of(new[] { true, false }), GgufValue.Of(Array.Empty<float>()),
            GgufValue.Of([GgufValue.Of(new[] { 1, 2 }), GgufValue.Of(GgufTexts.Create(["x"]))]),
        ];
        var metadata = new GgufMetadata();
        for (int i = 0; i < values.Length; i++)
        {
            metadata.Set($"k.{i}", values[i]);
        }

        using (var writer = new GgufWriter(_folder["a.gguf"], metadata, [new GgufEntry("t", StoredType.F32, [])]))
        {
            writer.Write("t", [3f]);
            writer.Commit();
        }

        using GgufFile file = GgufFile.Open(_folder["a.gguf"]);
        file.Values.Keys.ShouldBe(metadata.Keys);
        for (int i = 0; i < values.Length; i++)
        {
            file.Values.TryFind($"k.{i}", out GgufValue? value).ShouldBeTrue();
            (value!.Type, value.ElementType, value.Count, value.ToString()).ShouldBe((values[i].Type, values[i].ElementType, values[i].Count, values[i].ToString()));
        }

        file.Values.GetInt("k.0").ShouldBe(200);
        file.Values.GetInt("k.1").ShouldBe(-3);
        Should.Throw<ModelFormatException>(() => file.Values.GetInt("k.4"));
        file.Values.GetOptionalInts("k.15").ShouldBe([-1]);
        file.Values.GetOptionalInts("k.16").ShouldBe([255]);
        file.Values.GetOptionalNumbers("k.23").ShouldBe([0.25f]);
        file.Values.GetOptionalFlags("k.24").ShouldBe([true, false]);
        file.Values.GetTexts("k.13").ShouldBe(["a", "", "漢字"]);
        file.Values.TryFind("k.26", out GgufValue? nested);
        nested!.TryGetArrays(out IReadOnlyList<GgufValue> arrays).ShouldBeTrue();
        arrays[0].TryGetIntegers(out int[] inner).ShouldBeTrue();
        inner.ShouldBe([1, 2]);
    }

    [Fact]
    public void Floats_are_rounded_into_the_planned_type()
    {
        using (var writer = new GgufWriter(_folder["a.gguf"], new GgufMetadata(),
            [new GgufEntry("h", StoredType.F16, [3]), new GgufEntry("b", StoredType.BF16, [1, 3]), new GgufEntry("f", StoredType.F32, [3])]))
        {
            writer.Write("f", [1f, 2f]);
            writer.Write("b", [1f, -2f, 3.140625f]);
            writer.Write("h", [0.5f, 65504f, -1f]);
            writer.Write("f", [1e-30f]);
            writer.Commit();
        }

        using GgufFile file = GgufFile.Open(_folder["a.gguf"]);
        file.ReadFloat32("h").ShouldBe([0.5f, 65504f, -1f]);
        file.ReadFloat32("b").ShouldBe([1f, -2f, 3.140625f]);
        file.ReadFloat32("f").ShouldBe([1f, 2f, 1e-30f]);
        file.Tensors.ShouldAllBe(tensor => tensor.Offset % 32 == 0);
    }

    [Fact]
    public void An_unfinished_file_never_appears()
    {
        using (var writer = new GgufWriter(_folder["a.gguf"], new GgufMetadata(), [new GgufEntry("f", StoredType.F32, [3])]))
        {
            writer.Write("f", [1f]);
            Should.Throw<InvalidOperationException>(writer.Commit).Message
                .ShouldBe("gguf: tensor 'f' has 4 of 12 bytes. Write it completely before Commit.");
            Should.Throw<ArgumentException>(() => writer.Write("f", [1f, 2f, 3f]));
        }

        Directory.GetFiles(_folder.Path).ShouldBeEmpty();
    }

    [Fact]
    public void What_the_format_has_not_is_refused_before_writing()
    {
        var metadata = new GgufMetadata();
        Should.Throw<ArgumentException>(() => new GgufWriter(_folder["a.gguf"], metadata, [new GgufEntry("f", StoredType.U16, [3])])).Message.ShouldContain("GGUF has not");
        Should.Throw<ArgumentException>(() => new GgufWriter(_folder["a.gguf"], metadata, [new GgufEntry("f", StoredType.Q80, [3])])).Message.ShouldContain("multiple of 32");
        Should.Throw<ArgumentException>(() => new GgufWriter(_folder["a.gguf"], metadata, [new GgufEntry("f", StoredType.F32, [0])]));
        Should.Throw<ArgumentException>(() => new GgufWriter(_folder["a.gguf"], metadata, [new GgufEntry(new string('x', 65), StoredType.F32, [1])]));
        metadata.Set("a b", GgufValue.Of(1));
        Should.Throw<ArgumentException>(() => new GgufWriter(_folder["a.gguf"], metadata, [])).Message.ShouldContain("key 'a b'");
        Directory.GetFiles(_folder.Path).ShouldBeEmpty();
    }
}
