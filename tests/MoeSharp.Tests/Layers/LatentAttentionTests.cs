using MoeSharp.Layers;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Layers;

/// <summary>Latent attention: its two ways against each other, its scale, and what its cache costs.</summary>
public class LatentAttentionTests
{
    private const int Rows = 21;

    public static TheoryData<string> Names => ["latent", "latent_lite", "latent_halves"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Absorbed_and_expanded_agree(string name)
    {
        DecoderConfig config = SampleConfigs.All[name];
        LatentAttention layer = Layer(config);
        float[] absorbed = Run(layer, config, record: false), expanded = Run(layer, config, record: true);
        float largest = expanded.Max(Math.Abs);
        absorbed.Zip(expanded).ShouldAllBe(pair => Math.Abs(pair.First - pair.Second) <= 1e-5f * largest);
        absorbed.ShouldNotBe(expanded, "they are two ways");
    }

    [Fact]
    public void The_cache_keeps_the_latent_and_one_rotated_key_a_token_and_layer()
    {
        var decoder = new Decoder(SampleConfigs.Latent); // latent 24, rotated 6
        SampleConfigs.Latent.CachedSize.ShouldBe(30);
        foreach ((DType type, int bytes) in new[] { (DType.F32, 4), (DType.BF16, 2) })
        {
            long one = decoder.CreateCache(64, type).Bytes, two = decoder.CreateCache(128, type).Bytes;
            (two - one).ShouldBe(64L * 3 * 30 * bytes, "64 tokens in 3 layers");
        }
    }

    [Fact]
    public void The_scale_has_the_square_of_yarns_factor_for_all_dimensions()
    {
        double factor = (0.1 * 0.7 * Math.Log(4)) + 1;
        SampleConfigs.Latent.AttentionOf(0).Scale!.Value.ShouldBe((float)(factor * factor / Math.Sqrt(14)));
        SampleConfigs.LatentLite.AttentionOf(0).Scale!.Value.ShouldBe((float)(1 / Math.Sqrt(14)));
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_told_at_once()
    {
        DecoderConfig config = SampleConfigs.Latent with
        {
            HeadSize = 12,
            Latent = SampleConfigs.Latent.Latent! with { RotatedSize = 5, KeyValueRank = 0 },
        };
        string message = Should.Throw<ConfigException>(() => config.Validate()).Message;
        message.ShouldContain("Latent.KeyValueRank must be at least 1, got 0.");
        message.ShouldContain("Latent.RotatedSize must be even, got 5.");
        message.ShouldContain("HeadSize (12) must be Latent.UnrotatedSize + Latent.RotatedSize (8 + 5)");
    }

    private static float[] Run(LatentAttention layer, DecoderConfig config, bool record)
    {
        using var scope = new TensorScope(record: record);
        Tensor x = scope.From(Random(new(Rows, config.HiddenSize), 3).Span, new(Rows, config.HiddenSize));
        return layer.Forward(x, SequenceLayout.FromLengths([13, 8]), default, 0).ToArray();
    }

    private static LatentAttention Layer(DecoderConfig config)
    {
        var layer = new LatentAttention("layer", config.AttentionOf(0), Rotary.CreateTable(config.Rotary, config.RotatedHeadSize, 64));
        ulong seed = 100;
        foreach (Parameter parameter in layer.Parameters)
        {
            Random(parameter.Shape, seed++).Span.CopyTo(parameter.Value.Span);
        }

        return layer;
    }

    private static Tensor Random(TensorShape shape, ulong seed)
    {
        Tensor tensor = Tensor.Uninitialized(shape);
        new Rng(seed).FillNormal(tensor.Span, 0.3f);
        return tensor;
    }
}
