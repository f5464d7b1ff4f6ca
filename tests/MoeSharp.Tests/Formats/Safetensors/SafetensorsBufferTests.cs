using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Tests.Golden;

namespace MoeSharp.Tests.Formats.Safetensors;

public class SafetensorsBufferTests
{
    private static readonly string s_path = Path.Combine(FamilyFolder.Root, "mixtral", "model.safetensors");

    [Fact]
    public void A_file_in_memory_is_as_on_disk()
    {
        using var memory = new SafetensorsBuffer(File.ReadAllBytes(s_path), "built-in");
        using SafetensorsFile disk = SafetensorsFile.Open(s_path);
        memory.Metadata.ShouldBe(disk.Metadata);
        memory.Tensors.Select(tensor => tensor.ToString()).ShouldBe(disk.Tensors.Select(tensor => tensor.ToString()));
        foreach (StoredTensor tensor in disk.Tensors)
        {
            memory.ReadFloat32(tensor.Name).ShouldBe(disk.ReadFloat32(tensor.Name), tensor.Name);
        }
    }

    [Fact]
    public void Content_cut_short_is_a_format_error_under_its_name()
    {
        byte[] bytes = File.ReadAllBytes(s_path);
        foreach (int length in new[] { 0, 7, 8, 100, bytes.Length - 1 })
        {
            Should.Throw<ModelFormatException>(() => new SafetensorsBuffer(bytes.AsMemory(0, length), "built-in"))
                .Message.ShouldStartWith("built-in", Case.Sensitive, $"{length} bytes");
        }
    }

    [Fact]
    public void A_range_outside_a_tensor_is_refused()
    {
        using var memory = new SafetensorsBuffer(File.ReadAllBytes(s_path), "built-in");
        StoredTensor tensor = memory.Find("model.norm.weight");
        Should.Throw<ArgumentOutOfRangeException>(() => memory.ReadBytes(tensor, tensor.ByteLength - 1, new byte[2]));
    }
}
