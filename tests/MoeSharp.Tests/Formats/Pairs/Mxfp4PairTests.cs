using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Formats.Pairs;

public sealed class Mxfp4PairTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moesharp").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Blocks_and_scales_are_seen_as_one_tensor()
    {
        (byte[] blocks, byte[] scales, float[] values) = PublishedPairs.RandomMxfp4(seed: 3, rows: 6, columns: 160);
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
        string plain = Path.Combine(_folder, "plain"), packed = Path.Combine(_folder, "packed");
        PublishedPairs.WriteMxfp4(config, plain, packed);
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

    private string Write(string name, params (string Name, string Type, long[] Shape, byte[] Bytes)[] tensors) =>
        RawSafetensors.Write(Path.Combine(_folder, name), tensors);
}
