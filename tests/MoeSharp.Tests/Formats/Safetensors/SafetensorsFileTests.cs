using System.Buffers.Binary;
using System.Text;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Formats.Safetensors;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Integers_of_every_width_are_read()
    {
        Save("a", """{"b":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]},"i8":{"dtype":"I8","shape":[1],"data_offsets":[2,3]},"u8":{"dtype":"U8","shape":[1],"data_offsets":[3,4]},"i16":{"dtype":"I16","shape":[1],"data_offsets":[4,6]},"u16":{"dtype":"U16","shape":[1],"data_offsets":[6,8]},"u32":{"dtype":"U32","shape":[1],"data_offsets":[8,12]},"d":{"dtype":"F64","shape":[1],"data_offsets":[12,20]}}""",
            [0, 1, 0xff, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, .. BitConverter.GetBytes(1.25)]);
        using SafetensorsFile file = SafetensorsFile.Open(_folder["a"]);

        file.ReadInt64("b").ShouldBe([0, 1]);
        file.ReadInt64("i8").ShouldBe([-1]);
        file.ReadInt64("u8").ShouldBe([255]);
        file.ReadInt64("i16").ShouldBe([-2]);
        file.ReadInt64("u16").ShouldBe([65534]);
        file.ReadInt64("u32").ShouldBe([4294967295]);
        file.ReadFloat32("d").ShouldBe([1.25f]);
        Should.Throw<ModelFormatException>(() => file.ReadInt32("u32")).Message.ShouldEndWith("holds 4294967295, which does not fit in 32 bits.");
        Should.Throw<ModelFormatException>(() => file.ReadFloat32("i8")).Message.ShouldContain("has type I8, which cannot be read as float32");
        Should.Throw<ModelFormatException>(() => file.ReadInt64("d")).Message.ShouldContain("has type F64, which cannot be read as integers");
        Should.Throw<ModelFormatException>(() => file.Find("none")).Message.ShouldBe("a, tensor 'none': is missing. The file holds 7 other tensors.");
    }

    [Fact]
    public void Reads_outside_a_tensor_are_refused()
    {
        Save("a", """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", new byte[16]);
        using SafetensorsFile file = SafetensorsFile.Open(_folder["a"]);
        StoredTensor x = file.Find("x");

        Should.Throw<ArgumentOutOfRangeException>(() => file.ReadFloat32(x, 1, new float[2]));
        Should.Throw<ArgumentOutOfRangeException>(() => file.ReadFloat32(x, -1, new float[1]));
        Should.Throw<ArgumentOutOfRangeException>(() => file.ReadBytes(x, 1, new byte[8]));
        Should.Throw<ArgumentOutOfRangeException>(() => file.ReadBytes(x, long.MaxValue, new byte[8]));
        Should.Throw<TensorShapeException>(() => file.ReadFloat32(x, Tensor.Zeros(new TensorShape(3))));
    }

    [Fact]
    public void A_file_that_shrinks_after_opening_is_an_error_not_a_crash()
    {
        Save("a", """{"x":{"dtype":"F32","shape":[1024],"data_offsets":[0,4096]}}""", new byte[4096]);
        using SafetensorsFile file = SafetensorsFile.Open(_folder["a"]);
        long length = new FileInfo(_folder["a"]).Length;
        using (var stream = new FileStream(_folder["a"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            stream.SetLength(length - 96);
        }

        var fault = Should.Throw<ModelFormatException>(() => file.ReadFloat32("x"));
        fault.Message.ShouldContain("has shrunk since it was opened");
        fault.Offset.ShouldBe(length - 96);
    }

    [Fact]
    public void Tensors_beyond_2_GiB_are_read_in_parts()
    {
        // A sparse file: 12 GiB of zeros that take no room, with one value at the very end.
        const long Count = 3L << 30;
        byte[] header = Header($$"""{"x":{"dtype":"F32","shape":[3,{{1L << 30}}],"data_offsets":[0,{{Count * 4}}] } }""");
        using (FileStream stream = File.Create(_folder["a"]))
        {
            stream.Write(header);
            stream.Position = header.Length + (Count * 4) - 4;
            stream.Write(BitConverter.GetBytes(42f));
        }

        using SafetensorsFile file = SafetensorsFile.Open(_folder["a"]);
        StoredTensor tensor = file.Find("x");
        var values = new float[3];
        file.ReadFloat32(tensor, Count - 3, values);

        tensor.ElementCount.ShouldBe(Count);
        tensor.ByteLength.ShouldBe(Count * 4);
        values.ShouldBe([0f, 0f, 42f]);
        Should.Throw<ModelFormatException>(() => file.ReadFloat32("x")).Message.ShouldContain("more than one array holds");
    }

    [Fact]
    public void Something_else_than_a_file_is_refused()
    {
        Should.Throw<FileNotFoundException>(() => SafetensorsFile.Open(_folder["none"]));
        Assert.SkipUnless(File.Exists("/dev/null"), "needs /dev/null");
        Should.Throw<ModelFormatException>(() => SafetensorsFile.Open("/dev/null"));
    }

    private void Save(string name, string json, byte[] data) => File.WriteAllBytes(_folder[name], [.. Header(json), .. data]);

    private static byte[] Header(string json)
    {
        byte[] text = Encoding.UTF8.GetBytes(json);
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
        return [.. length, .. text];
    }
}
