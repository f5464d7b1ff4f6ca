using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Formats.Pairs;

public sealed class Mxfp4PairTests : IDisposable
{
    private static readonly float[] s_floats = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];
    private readonly string _folder = Directory.CreateTempSubdirectory("moesharp").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Blocks_and_scales_are_seen_as_one_tensor()
    {
        (byte[] blocks, byte[] scales, float[] values) = Random(seed: 3, rows: 6, columns: 160);
        string path = Write("a.safetensors", ("x_blocks", "U8", [2, 3, 5, 16], blocks), ("x_scales", "U8", [2, 3, 5], scales), ("y", "U8", [3], [1, 2, 3]));
        using TensorSource source = SafetensorsModel.Open(path);
        source.Tensors.Select(tensor => tensor.ToString()).ShouldBe(["tensor 'x_blocks' MXFP4 [2, 3, 160]", "tensor 'y' U8 [3]"], ignoreOrder: true);
        StoredTensor seen = source.Find("x_blocks");
        foreach ((int first, int count) in ((int, int)[])[(0, 960), (0, 1), (31, 2), (37, 500), (959, 1)])
        {
            float[] part = new float[count];
            source.ReadFloat32(seen, first, part);
            part.ShouldBe(values[first..(first + count)]);
        }

        source.ReadInt32("y").ShouldBe([1, 2, 3]);
        Should.Throw<ArgumentOutOfRangeException>(() => source.ReadBytes(seen, seen.ByteLength, new byte[1]));
    }

    [Fact]
    public void Scales_of_another_shape_are_named() =>
        Should.Throw<ModelFormatException>(() => SafetensorsModel.Open(
            Write("b.safetensors", ("x_blocks", "U8", [2, 1, 16], new byte[32]), ("x_scales", "U8", [2], new byte[2])))).Message
            .ShouldContain("is U8 [2] beside blocks of [2, 1, 16]. It must be U8 [2, 1].");

    [Fact]
    public void Blocks_without_scales_are_bytes()
    {
        using TensorSource source = SafetensorsModel.Open(Write("c.safetensors", ("x_blocks", "U8", [2, 1, 16], new byte[32])));
        source.Tensors.Single().ToString().ShouldBe("tensor 'x_blocks' U8 [2, 1, 16]");
    }

    [Fact]
    public void Experts_published_as_blocks_are_the_floats_they_stand_for()
    {
        // Both layouts of the same experts: floats [E, in, out], and blocks [E, out, in] with gate and up rows taking turns.
        DecoderConfig config = SampleConfigs.GptOss with { Experts = SampleConfigs.GptOss.Experts! with { IntermediateSize = 64 } };
        MoeSharp.Models.Decoding.Decoder decoder = MoeSharp.Models.Decoding.Decoder.Create(config, seed: 7);
        string plain = Path.Combine(_folder, "plain"), packed = Path.Combine(_folder, "packed");
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
                (byte[] numbers, byte[] scales, float[] values) = Random(seed++, experts * outward, inward);
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

        Write(Path.Combine("plain", "model.safetensors"), [.. floats]);
        Write(Path.Combine("packed", "model.safetensors"), [.. blocks]);
        int[] ids = SampleConfigs.Ids(30);
        IReadOnlyList<float> expected = LogitsDump.Run(DecoderFolder.Load(plain).Decoder, ids).Logits;
        LogitsDump.Run(DecoderFolder.Load(packed).Decoder, ids).Logits.ShouldBe(expected);

        // As they are stored, and multiplied exactly.
        MoeSharp.Models.Decoding.Decoder stored = DecoderFolder.Load(packed, new WeightOptions { IsExact = true }).Decoder;
        stored.Parameters.Count(parameter => parameter.Packed?.Format?.Name == "MXFP4").ShouldBe(3 * config.LayerCount);
        float[] answer = [.. LogitsDump.Run(stored, ids).Logits];
        float largest = expected.Max(MathF.Abs);
        for (int i = 0; i < answer.Length; i++)
        {
            answer[i].ShouldBe(expected[i], 1e-5f * largest);
        }
    }

    /// <summary>Random codes, small scales, and the values by the definition.</summary>
    private static (byte[] Blocks, byte[] Scales, float[] Values) Random(ulong seed, int rows, int columns)
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

    private string Write(string name, params (string Name, string Type, long[] Shape, byte[] Bytes)[] tensors)
    {
        var header = new JsonObject();
        long offset = 0;
        foreach ((string tensor, string type, long[] shape, byte[] bytes) in tensors)
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
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, [.. length, .. text, .. tensors.SelectMany(tensor => tensor.Bytes)]);
        return path;
    }
}
