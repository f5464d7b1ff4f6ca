using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Quantization;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Formats.Pairs;

public sealed class Fp8PairTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moesharp").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Numbers_and_scales_are_seen_as_floats()
    {
        (byte[] codes, float[] scales, float[] values) = PublishedPairs.RandomFp8(seed: 3, matrices: 2, rows: 130, columns: 300);
        string path = Write("a.safetensors", ("x", "F8_E4M3", [2, 130, 300], codes), ("x_scale_inv", "F32", [2, 2, 3], Bytes(scales)));
        using TensorSource source = SafetensorsModel.Open(path);
        StoredTensor seen = source.Tensors.Single();
        seen.ToString().ShouldBe("tensor 'x' F8_E4M3 [2, 130, 300]");
        foreach ((int first, int count) in ((int, int)[])[(0, values.Length), (0, 1), (127, 2), (38_990, 700), (values.Length - 1, 1)])
        {
            float[] part = new float[count];
            source.ReadFloat32(seen, first, part);
            part.ShouldBe(values[first..(first + count)]);
        }

        byte[] cut = new byte[7];
        source.ReadBytes(seen, 1, cut);
        cut.ShouldBe(codes[1..8]);
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
        string plain = Path.Combine(_folder, "plain"), packed = Path.Combine(_folder, "packed");
        PublishedPairs.WriteFp8(config, plain, packed);
        int[] ids = SampleConfigs.Ids(20);
        IReadOnlyList<float> expected = LogitsDump.Run(DecoderFolder.Load(plain).Decoder, ids).Logits;
        expected.ShouldAllBe(logit => float.IsFinite(logit));
        LogitsDump.Run(DecoderFolder.Load(packed).Decoder, ids).Logits.ShouldBe(expected);
        foreach (bool maps in (bool[])[true, false])
        {
            MoeSharp.Models.Decoding.Decoder stored = DecoderFolder.Load(packed, WeightOptions.Stored with { Maps = maps }).Decoder;
            LogitsDump.Run(stored, ids).Logits.ShouldBe(expected);
            foreach (Parameter parameter in stored.Parameters.Where(IsPublishedInFp8))
            {
                parameter.Packed.ShouldNotBeNull(parameter.Name).Format.ShouldBe(BlockFormats.F8E4M3, parameter.Name);
                parameter.Packed.IsMapped.ShouldBe(maps, parameter.Name);
                parameter.Packed.ByteLength.ShouldBe(parameter.Shape.Length, parameter.Name);
            }
        }

        // Keys of latent attention are stored turned, so they alone become floats.
        static bool IsPublishedInFp8(Parameter parameter) =>
            parameter.CanPack && parameter.Shape.Rank >= 2 && !parameter.Name.Contains("router", StringComparison.Ordinal)
            && !parameter.Name.EndsWith("key_up", StringComparison.Ordinal) && parameter.Name.StartsWith("layers.", StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_stay_bytes_and_give_the_bits_of_floats_whatever_runs_they_are_made_of()
    {
        // Two experts of 130 rows; ours are rows 0…64 of the first and 65…129 of the second, in runs that start inside a square.
        (byte[] codes, float[] scales, float[] values) = PublishedPairs.RandomFp8(seed: 5, matrices: 2, rows: 130, columns: 300);
        string path = Write("e.safetensors", ("x", "F8_E4M3", [2, 130, 300], codes), ("x_scale_inv", "F32", [2, 2, 3], Bytes(scales)));
        using TensorSource source = SafetensorsModel.Open(path);
        var map = new WeightMap();
        map.Add("x", new TensorShape(2, 130, 300),
        [
            new WeightSegment("a", 0, 100 * 300, 30 * 300),
            new WeightSegment("a", 30 * 300, (130 + 125) * 300, 5 * 300),
            WeightSegment.Block("b", 0, 2, 10 * 300, 60 * 300, rowStride: 130 * 300),
        ]);
        var reader = new WeightReader(map, source);

        PackedWeight a = reader.ReadStored("a", new TensorShape(35, 300), maps: true).ShouldNotBeNull();
        a.ToTensor().Span.ToArray().ShouldBe([.. values[(100 * 300)..(130 * 300)], .. values[(255 * 300)..(260 * 300)]]);
        PackedWeight b = reader.ReadStored("b", new TensorShape(2, 10, 300), maps: true).ShouldNotBeNull();
        b.IsMapped.ShouldBeTrue();
        b.ToTensor().Span.ToArray().ShouldBe([.. values[(60 * 300)..(70 * 300)], .. values[(190 * 300)..(200 * 300)]]);
    }

    [Fact]
    public void Products_are_those_of_the_floats_bit_for_bit()
    {
        (byte[] codes, float[] scales, float[] values) = PublishedPairs.RandomFp8(seed: 9, matrices: 1, rows: 270, columns: 520);
        string path = Write("f.safetensors", ("x", "F8_E4M3", [270, 520], codes), ("x_scale_inv", "F32", [3, 5], Bytes(scales)));
        using TensorSource source = SafetensorsModel.Open(path);
        var map = new WeightMap();
        map.Add("x", "a", new TensorShape(270, 520));
        var packed = new Parameter("a", new TensorShape(270, 520)) { CanPack = true };
        packed.Pack(new WeightReader(map, source).ReadStored("a", packed.Shape, maps: true)!);
        packed.Packed!.IsExact.ShouldBeTrue();
        using var scope = new TensorScope(workers: Workers.Default);
        foreach (int rows in (int[])[1, 3, 40])
        {
            Tensor x = scope.New(new TensorShape(rows, 520));
            var rng = new Rng(2);
            for (int i = 0; i < x.Span.Length; i++)
            {
                x.Span[i] = rng.NextUniform() - 0.5f;
            }

            Tensor weight = Tensor.From(values, new TensorShape(270, 520));
            LinearOp.Apply(x, packed, null).Span.ToArray().ShouldBe(LinearOp.Apply(x, weight).Span.ToArray());
        }
    }

    private static byte[] Bytes(float[] values) => PublishedPairs.Bytes(values);

    private string Write(string name, params (string Name, string Type, long[] Shape, byte[] Bytes)[] tensors) =>
        RawSafetensors.Write(Path.Combine(_folder, name), tensors);
}
