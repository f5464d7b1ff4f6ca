using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;

namespace MoeSharp.Tests.Formats.Safetensors;

public sealed class SafetensorsShardsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SafetensorsShardsTests()
    {
        Save("one.safetensors", ("a", 1f), ("b", 2f));
        Save("two.safetensors", ("c", 3f));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_tensors_of_all_files_are_one_set()
    {
        Index("""{"metadata":{"total_size":12},"weight_map":{"c":"two.safetensors","a":"one.safetensors","b":"one.safetensors"}}""");
        using TensorSource source = SafetensorsModel.Open(_folder.Path);

        source.ShouldBeOfType<SafetensorsShards>();
        source.Tensors.Select(tensor => tensor.Name).ShouldBe(["a", "b", "c"]);
        source.ReadFloat32("a").ShouldBe([1f]);
        source.ReadFloat32("c").ShouldBe([3f]);
        source.Metadata.ShouldBe([new("format", "pt")]);
        source.TryFind("d", out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"three.safetensors"}}""", "file 'three.safetensors': is listed but missing")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors","d":"two.safetensors"}}""", "tensor 'd': is listed in 'two.safetensors', which does not hold it")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","c":"two.safetensors"}}""", "is not listed in")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","b":"two.safetensors","c":"two.safetensors"}}""", "as part of 'two.safetensors'")]
    [InlineData("""{"weight_map":{"a":"../one.safetensors"}}""", "Only a plain name")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""", "Only a plain name")]
    [InlineData("""{"weight_map":{"a":""}}""", "Only a plain name")]
    [InlineData("""{"weight_map":{"a":1}}""", "is no text")]
    [InlineData("""{"weight_map":[]}""", "is missing or no object")]
    [InlineData("""[]""", "is missing or no object")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","a":"two.safetensors"}}""", "is not a valid index")]
    [InlineData("""{"weight_map":{"a":"\ud800"}}""", "is not valid Unicode")]
    [InlineData("""{"weight_map":""", "is not a valid index")]
    [InlineData("", "is not a valid index")]
    public void An_index_that_disagrees_with_its_files_is_refused(string json, string reason)
    {
        Index(json);

        Should.Throw<ModelFormatException>(() => SafetensorsModel.Open(_folder.Path)).Message.ShouldContain(reason.Replace("\\n", "\n"));
    }

    [Fact]
    public void A_folder_a_file_and_an_index_can_be_opened()
    {
        Should.Throw<ModelFormatException>(() => SafetensorsModel.Open(_folder.Path)).Message.ShouldContain("holds neither");
        using (TensorSource file = SafetensorsModel.Open(_folder["one.safetensors"]))
        {
            file.Tensors.Count.ShouldBe(2);
        }

        File.Copy(_folder["two.safetensors"], _folder[SafetensorsModel.FileName]);
        using TensorSource folder = SafetensorsModel.Open(_folder.Path);
        folder.ReadFloat32("c").ShouldBe([3f]);
    }

    private void Index(string json) => File.WriteAllText(_folder[SafetensorsModel.IndexName], json);

    private void Save(string name, params (string Name, float Value)[] tensors)
    {
        using var writer = new SafetensorsWriter(_folder[name], tensors.Select(tensor => new SafetensorsEntry(tensor.Name, StoredType.F32, [1])));
        foreach ((string tensor, float value) in tensors)
        {
            writer.Write(tensor, [value]);
        }

        writer.Commit();
    }
}
