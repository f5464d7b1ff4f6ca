using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Formats.Pairs;

public sealed class Fp8PairTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moesharp").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Numbers_and_scales_are_seen_as_floats()
    {
        (byte[] codes, float[] scales, float[] values) = Random(seed: 3, matrices: 2, rows: 130, columns: 300);
        string path = Write("a.safetensors", ("x", "F8_E4M3", [2, 130, 300], codes), ("x_scale_inv", "F32", [2, 2, 3], Bytes(scales)));
        using TensorSource source = SafetensorsModel.Open(path);
        StoredTensor seen = source.Tensors.Single();
        seen.ToString().ShouldBe("tensor 'x' F32 [2, 130, 300]");
        foreach ((int first, int count) in ((int, int)[])[(0, values.Length), (0, 1), (127, 2), (38_990, 700), (values.Length - 1, 1)])
        {
            float[] part = new float[count];
            source.ReadFloat32(seen, first, part);
            part.ShouldBe(values[first..(first + count)]);
        }

        byte[] cut = new byte[7];
        source.ReadBytes(seen, 1, cut);
        cut.ShouldBe(Bytes(values[..2])[1..8]);
    }

    [Theory]
    [InlineData(0x00, 0f)]
    [InlineData(0x01, 0.001953125f)]
    [InlineData(0x07, 0.013671875f)]
    [InlineData(0x08, 0.015625f)]
    [InlineData(0x38, 1f)]
    [InlineData(0xC1, -2.25f)]
    [InlineData(0x7E, 448f)]
    [InlineData(0x7F, float.NaN)]
    [InlineData(0xFF, float.NaN)]
    public void A_code_is_its_number(byte code, float value)
    {
        string path = Write("b.safetensors", ("x", "F8_E4M3", [1, 1], [code]), ("x_scale_inv", "F32", [1, 1], Bytes([2f])));
        using TensorSource source = SafetensorsModel.Open(path);
        source.ReadFloat32("x")[0].ShouldBe(2 * value);
    }

    [Fact]
    public void Scales_of_another_shape_are_named() =>
        Should.Throw<ModelFormatException>(() => SafetensorsModel.Open(Write(
            "c.safetensors", ("x", "F8_E4M3", [2, 130], new byte[260]), ("x_scale_inv", "F32", [1, 1], new byte[4])))).Message
            .ShouldContain("is F32 [1, 1] beside numbers of [2, 130]. It must be F32 [1, 2]: a scale for each 128 × 128 numbers.");

    [Fact]
    public void Numbers_without_scales_are_not_read()
    {
        using TensorSource source = SafetensorsModel.Open(Write("d.safetensors", ("x", "F8_E4M3", [1, 2], new byte[2])));
        Should.Throw<ModelFormatException>(() => source.ReadFloat32("x")).Message.ShouldContain("has type F8_E4M3, which cannot be read as float32");
    }

    [Fact]
    public void A_model_published_in_fp8_is_the_floats_it_stands_for()
    {
        DecoderConfig config = SampleConfigs.Latent with { HiddenSize = 140, IntermediateSize = 150 };
        MoeSharp.Models.Decoding.Decoder decoder = MoeSharp.Models.Decoding.Decoder.Create(config, seed: 7);
        string plain = Path.Combine(_folder, "plain"), packed = Path.Combine(_folder, "packed");
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
                (byte[] codes, float[] scales, float[] values) = Random(seed++, 1, rows, columns);
                floats.Add((tensor.Name, "F32", [rows, columns], Bytes(values)));
                numbers.Add((tensor.Name, "F8_E4M3", [rows, columns], codes));
                numbers.Add((tensor.Name + "_scale_inv", "F32", [(rows + 127) / 128, (columns + 127) / 128], Bytes(scales)));
            }
        }

        Write(Path.Combine("plain", "model.safetensors"), [.. floats]);
        Write(Path.Combine("packed", "model.safetensors"), [.. numbers]);
        int[] ids = SampleConfigs.Ids(20);
        IReadOnlyList<float> expected = LogitsDump.Run(DecoderFolder.Load(plain).Decoder, ids).Logits;
        expected.ShouldAllBe(logit => float.IsFinite(logit));
        LogitsDump.Run(DecoderFolder.Load(packed).Decoder, ids).Logits.ShouldBe(expected);
        LogitsDump.Run(DecoderFolder.Load(packed, WeightOptions.Stored).Decoder, ids).Logits.ShouldBe(expected);
    }

    private static (byte[] Codes, float[] Scales, float[] Values) Random(ulong seed, int matrices, int rows, int columns)
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

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private string Write(string name, params (string Name, string Type, long[] Shape, byte[] Bytes)[] tensors)
    {
        var header = new JsonObject();
        long offset = 0;
        foreach ((string tensor, string type, long[] shape, byte[] bytes) in tensors.OrderByDescending(tensor => tensor.Type == "F32"))
        {
            header[tensor] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. shape.Select(size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(offset, offset + bytes.Length),
            };
            offset += bytes.Length;
        }

        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString());
        int padded = (text.Length + 7) / 8 * 8;
        byte[] file = new byte[8 + padded + offset];
        BinaryPrimitives.WriteInt64LittleEndian(file, padded);
        file.AsSpan(8, padded).Fill((byte)' ');
        text.CopyTo(file, 8);
        int place = 8 + padded;
        foreach ((_, _, _, byte[] bytes) in tensors.OrderByDescending(tensor => tensor.Type == "F32"))
        {
            bytes.CopyTo(file, place);
            place += bytes.Length;
        }

        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, file);
        return path;
    }
}
