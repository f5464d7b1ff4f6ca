using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace MoeSharp.Tests.Formats.Pairs;

/// <summary>Safetensors with types that the library's writer does not make from floats.</summary>
internal static class RawSafetensors
{
    /// <summary>Writes a file: tensors of the largest elements first, then in the order that they are given in.</summary>
    public static string Write(string path, params (string Name, string Type, long[] Shape, byte[] Bytes)[] tensors)
    {
        var header = new JsonObject();
        long offset = 0;
        (string Name, string Type, long[] Shape, byte[] Bytes)[] ordered = [.. tensors.OrderByDescending(tensor => tensor.Type == "F32")];
        foreach ((string tensor, string type, long[] shape, byte[] bytes) in ordered)
        {
            header[tensor] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. shape.Select(size => (JsonNode?)JsonValue.Create(size))]),
                ["data_offsets"] = new JsonArray(JsonValue.Create(offset), JsonValue.Create(offset + bytes.Length)),
            };
            offset += bytes.Length;
        }

        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString()), length = new byte[8];
        byte[] padded = [.. text, .. Enumerable.Repeat((byte)' ', (8 - (text.Length % 8)) % 8)];
        BinaryPrimitives.WriteInt64LittleEndian(length, padded.Length);
        File.WriteAllBytes(path, [.. length, .. padded, .. ordered.SelectMany(tensor => tensor.Bytes)]);
        return path;
    }
}
