using System.Text.Json;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;

namespace MoeSharp.Tests.Golden;

/// <summary>One folder of <c>Golden/Data/families</c>: a tiny published model and what transformers answers for it.</summary>
/// <remarks>PyTorch 2.15, transformers 5.23, float32, eager attention.</remarks>
internal sealed class FamilyFolder : IDisposable
{
    private readonly SafetensorsFile _tensors;
    private readonly JsonDocument _json;

    public FamilyFolder(string name)
    {
        Path = System.IO.Path.Combine(Root, name);
        _tensors = SafetensorsFile.Open(System.IO.Path.Combine(Path, "expected.safetensors"));
        _json = JsonDocument.Parse(File.ReadAllBytes(System.IO.Path.Combine(Path, "expected.json")));
        (Decoder, Family) = DecoderFolder.Load(Path);
    }

    public static string Root { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "families");

    public static IEnumerable<string> Names => Directory.EnumerateDirectories(Root).Select(System.IO.Path.GetFileName).Order()!;

    public string Path { get; }

    public Decoder Decoder { get; }

    public Family Family { get; }

    public JsonElement Json => _json.RootElement;

    public SafetensorsFile Tensors => _tensors;

    public int[] Ids(string name) => _tensors.ReadInt32(name);

    public float[] Floats(string name) => _tensors.ReadFloat32(name);

    public bool Has(string name) => _tensors.TryFind(name, out _);

    public void Dispose()
    {
        _tensors.Dispose();
        _json.Dispose();
    }
}
