using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace MoeSharp.Tensors.Tests.Golden.Gguf;

/// <summary><c>Golden/Data/gguf/blocks.*</c>: blocks of 25 types as ggml wrote them, the values ggml reads from them, and ggml's own error.</summary>
internal static class BlocksFile
{
    private const int Rows = 4;
    private static readonly byte[] s_bytes = File.ReadAllBytes(PathOf("blocks.safetensors"));
    private static readonly int s_headerLength = (int)BinaryPrimitives.ReadInt64LittleEndian(s_bytes);
    private static readonly JsonDocument s_header = JsonDocument.Parse(s_bytes.AsMemory(sizeof(long), s_headerLength));
    private static readonly JsonDocument s_types = JsonDocument.Parse(File.ReadAllBytes(PathOf("blocks.json")));

    /// <summary>Names of the types.</summary>
    public static IEnumerable<string> Types => s_types.RootElement.GetProperty("types").EnumerateObject().Select(type => type.Name);

    /// <summary>What blocks.json says of a type.</summary>
    public static JsonElement Facts(string type) => s_types.RootElement.GetProperty("types").GetProperty(type);

    /// <summary>Root mean square error of ggml's quantiser on <c>source</c>.</summary>
    public static double ErrorOfGgml(string type) => Facts(type).GetProperty("rmse").GetDouble();

    /// <summary>The same, of one of its four rows.</summary>
    public static double ErrorOfGgml(string type, int row) => Facts(type).GetProperty("rmse_by_row")[row].GetDouble();

    /// <summary>What was quantised: rows of 512, Gaussian; Gaussian·0.01; heavy-tailed; 64 zeros, then Gaussian.</summary>
    public static float[] Source => Floats("source");

    /// <summary>A row of it.</summary>
    public static ReadOnlySpan<float> Row(ReadOnlySpan<float> values, int row) => values.Slice(row * values.Length / Rows, values.Length / Rows);

    /// <summary>Bytes of a tensor.</summary>
    public static byte[] Bytes(string tensor)
    {
        JsonElement offsets = s_header.RootElement.GetProperty(tensor).GetProperty("data_offsets");
        int start = sizeof(long) + s_headerLength;
        return s_bytes[(start + offsets[0].GetInt32())..(start + offsets[1].GetInt32())];
    }

    /// <summary>A tensor of floats.</summary>
    public static float[] Floats(string tensor) => MemoryMarshal.Cast<byte, float>(Bytes(tensor)).ToArray();

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "gguf", file);
}
