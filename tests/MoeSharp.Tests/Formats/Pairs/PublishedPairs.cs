using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Formats.Pairs;

/// <summary>Small models as they are published in numbers and scales, each beside the floats that they stand for.</summary>
internal static class PublishedPairs
{
    private static readonly float[] s_floats = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    /// <summary>A folder of floats, and one whose linear layers are FP8 with scales.</summary>
    public static void WriteFp8(DecoderConfig config, string plain, string packed)
    {
        MoeSharp.Models.Decoding.Decoder decoder = MoeSharp.Models.Decoding.Decoder.Create(config, seed: 7);
        DecoderFolder.Save(decoder, plain);
        Directory.CreateDirectory(packed);
        JsonObject json = JsonNode.Parse(File.ReadAllText(Path.Combine(plain, "config.json")))!.AsObject();
        json["quantization_config"] = JsonNode.Parse(
            """{"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}""");
        File.WriteAllText(Path.Combine(packed, "config.json"), json.ToJsonString());

        List<(string, string, long[], byte[])> floats = [], numbers = [];
        using (TensorSource source = SafetensorsModel.Open(plain))
        {
            ulong seed = 1;
            foreach (StoredTensor tensor in source.Tensors)
            {
                if (!tensor.Name.Contains("_proj", StringComparison.Ordinal) || tensor.Shape.Count != 2)
                {
                    byte[] bytes = new byte[tensor.ByteLength];
                    source.ReadBytes(tensor, 0, bytes);
                    floats.Add((tensor.Name, "F32", [.. tensor.Shape], bytes));
                    numbers.Add(floats[^1]);
                    continue;
                }

                int rows = (int)tensor.Shape[0], columns = (int)tensor.Shape[1];
                (byte[] codes, float[] scales, float[] values) = RandomFp8(seed++, 1, rows, columns);
                floats.Add((tensor.Name, "F32", [rows, columns], Bytes(values)));
                numbers.Add((tensor.Name, "F8_E4M3", [rows, columns], codes));
                numbers.Add((tensor.Name + "_scale_inv", "F32", [(rows + 127) / 128, (columns + 127) / 128], Bytes(scales)));
            }
        }

        RawSafetensors.Write(Path.Combine(plain, "model.safetensors"), [.. floats]);
        RawSafetensors.Write(Path.Combine(packed, "model.safetensors"), [.. numbers]);
    }

    /// <summary>A folder of floats, and one whose experts are MXFP4 blocks and scales.</summary>
    public static void WriteMxfp4(DecoderConfig config, string plain, string packed)
    {
        MoeSharp.Models.Decoding.Decoder decoder = MoeSharp.Models.Decoding.Decoder.Create(config, seed: 7);
        DecoderFolder.Save(decoder, plain);
        Directory.CreateDirectory(packed);
        JsonObject json = JsonNode.Parse(File.ReadAllText(Path.Combine(plain, "config.json")))!.AsObject();
        json["quantization_config"] = JsonNode.Parse("""{"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}""");
        File.WriteAllText(Path.Combine(packed, "config.json"), json.ToJsonString());

        List<(string, string, long[], byte[])> floats = [], blocks = [];
        using (TensorSource source = SafetensorsModel.Open(plain))
        {
            ulong seed = 1;
            foreach (StoredTensor tensor in source.Tensors)
            {
                if (!tensor.Name.EndsWith("experts.gate_up_proj", StringComparison.Ordinal) && !tensor.Name.EndsWith("experts.down_proj", StringComparison.Ordinal))
                {
                    byte[] bytes = new byte[tensor.ByteLength];
                    source.ReadBytes(tensor, 0, bytes);
                    floats.Add((tensor.Name, "F32", [.. tensor.Shape], bytes));
                    blocks.Add(floats[^1]);
                    continue;
                }

                int experts = (int)tensor.Shape[0], inward = (int)tensor.Shape[1], outward = (int)tensor.Shape[2];
                (byte[] numbers, byte[] scales, float[] values) = RandomMxfp4(seed++, experts * outward, inward);
                byte[] transposed = new byte[4 * values.Length];
                for (int i = 0; i < values.Length; i++)
                {
                    int e = i / (outward * inward), o = i / inward % outward, column = i % inward;
                    BinaryPrimitives.WriteSingleLittleEndian(transposed.AsSpan(4 * ((((e * inward) + column) * outward) + o)), values[i]);
                }

                floats.Add((tensor.Name, "F32", [.. tensor.Shape], transposed));
                blocks.Add((tensor.Name + "_blocks", "U8", [experts, outward, inward / 32, 16], numbers));
                blocks.Add((tensor.Name + "_scales", "U8", [experts, outward, inward / 32], scales));
            }
        }

        RawSafetensors.Write(Path.Combine(plain, "model.safetensors"), [.. floats]);
        RawSafetensors.Write(Path.Combine(packed, "model.safetensors"), [.. blocks]);
    }

    /// <summary>Random codes up to 16, small scales, and the values by the definition.</summary>
    public static (byte[] Codes, float[] Scales, float[] Values) RandomFp8(ulong seed, int matrices, int rows, int columns)
    {
        var rng = new MoeSharp.Tensors.Rng(seed);
        int blockRows = (rows + 127) / 128, blockColumns = (columns + 127) / 128;
        float[] scales = [.. Enumerable.Range(0, matrices * blockRows * blockColumns).Select(_ => 0.01f * (1 + rng.NextInt(100)) / 100)];
        byte[] codes = new byte[matrices * rows * columns];
        float[] values = new float[codes.Length];
        for (int i = 0; i < codes.Length; i++)
        {
            codes[i] = (byte)(rng.NextInt(0x50) | (rng.NextInt(2) << 7)); // up to 16, finite
            int row = i / columns;
            int scale = ((((row / rows) * blockRows) + (row % rows / 128)) * blockColumns) + (i % columns / 128);
            int exponent = (codes[i] >> 3) & 15, fraction = codes[i] & 7;
            double size = exponent == 0 ? fraction / 512.0 : (1 + (fraction / 8.0)) * Math.Pow(2, exponent - 7);
            values[i] = (float)(codes[i] >= 128 ? -size : size) * scales[scale];
        }

        return (codes, scales, values);
    }

    /// <summary>Random codes, small scales, and the values by the definition.</summary>
    public static (byte[] Blocks, byte[] Scales, float[] Values) RandomMxfp4(ulong seed, int rows, int columns)
    {
        var rng = new Rng(seed);
        byte[] blocks = new byte[rows * columns / 2], scales = new byte[rows * columns / 32];
        foreach (ref byte scale in scales.AsSpan())
        {
            scale = (byte)(120 + rng.NextInt(4));
        }

        float[] values = new float[rows * columns];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = (byte)rng.NextInt(256);
            float scale = MathF.Pow(2, scales[i / 16] - 127);
            values[2 * i] = s_floats[blocks[i] & 15] * scale;
            values[(2 * i) + 1] = s_floats[blocks[i] >> 4] * scale;
        }

        return (blocks, scales, values);
    }

    public static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
