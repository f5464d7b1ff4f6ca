using System.Text;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Formats.Safetensors;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_written_reads_back_in_every_type()
    {
        float[] values = [0f, -0f, 1f, -2.5f, 3.14159f, 1e-40f, float.PositiveInfinity, 65504f];
        using (var writer = new SafetensorsWriter(_folder["a.safetensors"],
        [
            new("half", StoredType.F16, [8]), new("full", StoredType.F32, [2, 4]), new("brain", StoredType.BF16, [8]),
            new("ids", StoredType.I32, [3]), new("long ids", StoredType.I64, [2]), new("empty", StoredType.F32, [0, 3]), new("one", StoredType.F32, []),
        ]))
        {
            writer.Write("brain", values);
            writer.Write("half", values);
            writer.Write("full", values.AsSpan(0, 3));
            writer.Write("full", values.AsSpan(3));
            writer.Write("ids", [1, -2, int.MaxValue]);
            writer.Write("long ids", [5, -6]);
            writer.Write("one", [7f]);
            writer.Commit();
        }

        using SafetensorsFile file = SafetensorsFile.Open(_folder["a.safetensors"]);
        file.Metadata.ShouldBe([new("format", "pt")]);
        file.ReadFloat32("full").Select(BitConverter.SingleToUInt32Bits).ShouldBe(values.Select(BitConverter.SingleToUInt32Bits));
        file.ReadFloat32("half").ShouldBe(values.Select(value => (float)(Half)value));
        file.ReadFloat32("brain").ShouldBe([0f, -0f, 1f, -2.5f, 3.140625f, BitConverter.UInt32BitsToSingle(0x0001_0000), float.PositiveInfinity, 65536f]);
        file.ReadInt32("ids").ShouldBe([1, -2, int.MaxValue]);
        file.ReadInt64("ids").ShouldBe([1, -2, int.MaxValue]);
        file.ReadInt64("long ids").ShouldBe([5, -6]);
        file.ReadInt32("long ids").ShouldBe([5, -6]);
        file.ReadFloat32("empty").ShouldBeEmpty();
        file.Find("one").Shape.ShouldBeEmpty();
        file.ReadTensor("full").Shape.ShouldBe(new TensorShape(2, 4));
        file.ReadTensor("full").ToArray().ShouldBe(values);
    }

    [Fact]
    public void The_bytes_are_those_of_the_format_and_do_not_depend_on_the_order_of_calls()
    {
        var metadata = new Dictionary<string, string> { ["z"] = "1", ["a"] = "é" };
        SafetensorsEntry[] entries = [new("b", StoredType.BF16, [1]), new("z", StoredType.F32, [1]), new("a", StoredType.F32, [1])];
        Write("1", entries, ["b", "z", "a"], metadata);
        Write("2", [entries[2], entries[0], entries[1]], ["a", "z", "b"], metadata);

        byte[] bytes = File.ReadAllBytes(_folder["1"]);
        bytes.ShouldBe(File.ReadAllBytes(_folder["2"]));
        const string Json = """{"__metadata__":{"a":"é","z":"1"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"z":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[8,10]}}""";
        int padded = (Encoding.UTF8.GetByteCount(Json) + 7) / 8 * 8;
        BitConverter.ToInt64(bytes).ShouldBe(padded);
        Encoding.UTF8.GetString(bytes, 8, padded).TrimEnd(' ').ShouldBe(Json);
        Convert.ToHexStringLower(bytes.AsSpan(8 + padded)).ShouldBe("0000803f" + "0000803f" + "803f");
    }

    [Fact]
    public void Names_with_any_character_survive()
    {
        string[] names = ["", "quote\"back\\slash", "nul\0", "größe", "🙂", "a/b.c"];
        Write("names", [.. names.Select(name => new SafetensorsEntry(name, StoredType.F32, [1]))], names, metadata: null);

        using SafetensorsFile file = SafetensorsFile.Open(_folder["names"]);
        file.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal).ShouldBe(names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Values_are_carried_over_the_edges_of_the_buffer()
    {
        int count = (StoredTensorDecoder.ChunkBytes * 2) + 13;
        var values = new float[count];
        new Rng(1).FillNormal(values, 1f);
        using (var writer = new SafetensorsWriter(_folder["big"], [new("x", StoredType.BF16, [count]), new("n", StoredType.I64, [count])]))
        {
            writer.Write("x", values);
            writer.Write("n", [.. Enumerable.Range(0, count)]);
            writer.Commit();
        }

        using SafetensorsFile file = SafetensorsFile.Open(_folder["big"]);
        float[] read = file.ReadFloat32("x");
        for (int i = 0; i < count; i++)
        {
            Math.Abs(read[i] - values[i]).ShouldBeLessThanOrEqualTo(Math.Abs(values[i]) / 256);
        }

        file.ReadInt32("n").ShouldBe(Enumerable.Range(0, count));
        var part = new float[100];
        file.ReadFloat32(file.Find("x"), count - 100, part);
        part.ShouldBe(read.AsSpan(count - 100).ToArray());
    }

    [Fact]
    public void Without_a_commit_the_old_file_stays_and_nothing_else()
    {
        Write("model", [new("x", StoredType.F32, [1])], ["x"], metadata: null);
        byte[] before = File.ReadAllBytes(_folder["model"]);

        using (var writer = new SafetensorsWriter(_folder["model"], [new("x", StoredType.F32, [2])]))
        {
            writer.Write("x", [1f]);
            Should.Throw<InvalidOperationException>(writer.Commit).Message
                .ShouldBe("safetensors: tensor 'x' has 4 of 8 bytes. Write it completely before Commit.");
        }

        File.ReadAllBytes(_folder["model"]).ShouldBe(before);
        Directory.GetFiles(_folder.Path).Length.ShouldBe(1);
    }

    [Fact]
    public void Wrong_plans_and_wrong_values_are_refused()
    {
        Fault(() => Plan(new("x", StoredType.F32, [1]), new("x", StoredType.BF16, [1]))).ShouldContain("planned twice");
        Fault(() => Plan(new SafetensorsEntry("__metadata__", StoredType.F32, [1]))).ShouldContain("reserved");
        Fault(() => Plan(new SafetensorsEntry("x", StoredType.F8E4M3, [1]))).ShouldContain("F8_E4M3, which is not written");
        Fault(() => Plan(new SafetensorsEntry("x", StoredType.F32, [-1]))).ShouldContain("shape [-1]");
        Fault(() => Plan(new SafetensorsEntry("x", StoredType.F32, [1L << 62]))).ShouldContain("64 bits");

        using var writer = new SafetensorsWriter(_folder["x"], [new("x", StoredType.F32, [1]), new("n", StoredType.I32, [1])]);
        Fault(() => writer.Write("y", [1f])).ShouldContain("was not planned");
        Fault(() => writer.Write("x", [1f, 2f])).ShouldContain("has room for 4 more bytes, got 8");
        Fault(() => writer.Write("x", [1])).ShouldContain("is F32 and cannot take");
        Fault(() => writer.Write("n", [1f])).ShouldContain("is I32 and cannot take floats");
    }

    private static string Fault(Action action) => Should.Throw<ArgumentException>(action).Message;

    private void Plan(params SafetensorsEntry[] entries) => new SafetensorsWriter(_folder["plan"], entries).Dispose();

    private void Write(string name, SafetensorsEntry[] entries, string[] order, Dictionary<string, string>? metadata)
    {
        using var writer = new SafetensorsWriter(_folder[name], entries, metadata);
        foreach (string tensor in order)
        {
            writer.Write(tensor, [1f]);
        }

        writer.Commit();
    }
}
