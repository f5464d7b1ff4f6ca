using MoeSharp.Analysis;
using MoeSharp.Inference;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Models.Decoding;

/// <summary>The decoder against the plain one, for every kind of configuration.</summary>
public sealed class ReferenceDecoderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moesharp").FullName;

    public static TheoryData<string> Names => [.. SampleConfigs.All.Keys];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_are_those_of_the_definition(string name) => Compare(SampleConfigs.Build(name), SampleConfigs.Ids(66), name);

    [Theory]
    [InlineData("gpt_oss")]
    [InlineData("dbrx")]
    [InlineData("llama4")]
    [InlineData("phimoe")]
    [InlineData("phimoe_long")]
    [InlineData("grok")]
    [InlineData("qwen2_dense")]
    [InlineData("qwen3_dense")]
    public void Other_shapes_of_a_family_are_saved_loaded_and_right(string name)
    {
        // Other head counts, groups, widths, windows, blocks, positions without rotation, ties and biases, each through config.json and safetensors.
        DecoderConfig config = SampleConfigs.All[name];
        Family family = FamilyCatalogue.Choose(config);
        DecoderConfig wide = config with
        {
            HiddenSize = 48,
            HeadCount = 6,
            KeyValueHeadCount = 3,
            IsTied = !config.IsTied,
            LayerCount = config.LayerCount + 1,
            SlidingWindow = config.SlidingWindow is null ? null : 4,
            AttentionBlockLength = config.AttentionBlockLength is null ? null : 5,
            FullAttentionLayers = config.FullAttentionLayers.Count == 0 ? [] : [0],
            UnrotatedLayers = config.UnrotatedLayers.Count == 0 ? [] : [0, 3],
            Experts = config.Experts is null ? null : config.Experts with { ExpertCount = 5, IntermediateSize = 32 + (config.Experts.SharedIntermediateSize > 0 ? 8 : 0), SharedIntermediateSize = config.Experts.SharedIntermediateSize > 0 ? 40 : 0 },
        };
        DecoderConfig single = config with
        {
            KeyValueHeadCount = 1,
            PositionCount = 512,
            NormEpsilon = family is DbrxFamily ? config.NormEpsilon : 1e-3f,
            HasOutputBias = config.HasOutputBias && family is not (GptOssFamily or PhimoeFamily),
            HasQueryKeyValueBias = config.HasQueryKeyValueBias && family is not (GptOssFamily or PhimoeFamily),
            HasHeadBias = false,
        };
        foreach ((string kind, DecoderConfig other) in new[] { ("wide", wide), ("single", single) })
        {
            Decoder decoder = Decoder.Create(other, seed: 5);
            string folder = Path.Combine(_folder, kind);
            DecoderFolder.Save(decoder, folder).ShouldBe(family, $"{name} {kind}");
            (Decoder loaded, _) = DecoderFolder.Load(folder);
            loaded.Config.ShouldBe(other);
            Compare(loaded, SampleConfigs.Ids(40, seed: 3), $"{name} {kind}");
        }
    }

    [Theory]
    [InlineData("latent")]
    [InlineData("latent_lite")]
    [InlineData("latent_halves")]
    public void Other_shapes_of_latent_attention_are_saved_loaded_and_right(string name)
    {
        DecoderConfig config = SampleConfigs.All[name];
        Family family = FamilyCatalogue.Choose(config);
        DecoderConfig wide = config with
        {
            HiddenSize = 48,
            HeadCount = 5,
            KeyValueHeadCount = 5,
            HeadSize = 11,
            Latent = config.Latent! with { QueryRank = config.Latent.QueryRank is null ? 9 : null, KeyValueRank = 7, UnrotatedSize = 3, RotatedSize = 8, ValueSize = 13 },
            IsTied = !config.IsTied,
            DenseLayers = [],
            NormEpsilon = 1e-3f,
        };
        DecoderConfig scaled = config with
        {
            PositionCount = 4096,
            HasQueryKeyValueBias = !config.HasQueryKeyValueBias,
            HasOutputBias = !config.HasOutputBias,
            Rotary = config.Rotary with
            {
                Scaling = RopeScaling.Yarn,
                Factor = 40,
                OriginalPositionCount = 32,
                MScale = 0.707,
                MScaleAllDimensions = 0.5,
            },
            Experts = config.Experts! with { GroupCount = 2, KeptGroupCount = 1 },
        };
        foreach ((string kind, DecoderConfig other) in new[] { ("wide", wide), ("scaled", scaled) })
        {
            Decoder decoder = Decoder.Create(other, seed: 5);
            string folder = Path.Combine(_folder, kind);
            DecoderFolder.Save(decoder, folder).ShouldBe(family, $"{name} {kind}");
            (Decoder loaded, _) = DecoderFolder.Load(folder);
            loaded.Config.ShouldBe(other);
            Compare(loaded, SampleConfigs.Ids(40, seed: 3), $"{name} {kind}");
        }
    }

    [Fact]
    public void A_text_that_grows_long_is_answered_as_if_read_at_once()
    {
        Decoder decoder = SampleConfigs.Build("phimoe_long");
        int after = decoder.LongRotationAfter!.Value;
        int[] ids = SampleConfigs.Ids(after + 4);
        using var growing = new Session(decoder);
        growing.Read(ids.AsSpan(0, after - 2), chunk: 7);
        for (int length = after - 1; length <= ids.Length; length++)
        {
            growing.Read(ids.AsSpan(length - 1, 1));
            growing.Logits.ToArray().ShouldBe(AtOnce(length), $"{length} tokens");
        }

        // And back: a shorter text again.
        growing.Truncate(after - 3);
        growing.Read(ids.AsSpan(after - 3, 2));
        growing.Logits.ToArray().ShouldBe(AtOnce(after - 1), "after forgetting");

        float[] AtOnce(int length)
        {
            using var session = new Session(decoder);
            session.Read(ids.AsSpan(0, length));
            return session.Logits.ToArray();
        }
    }

    private static void Compare(Decoder decoder, int[] ids, string where)
    {
        double[][] expected = new ReferenceDecoder(decoder).Run(ids);
        IReadOnlyList<float> logits = LogitsDump.Run(decoder, ids).Logits;
        double largest = expected.Max(row => row.Max(Math.Abs));
        for (int i = 0; i < logits.Count; i++)
        {
            double reference = expected[i / expected[0].Length][i % expected[0].Length];
            if (!(Math.Abs(logits[i] - reference) <= 2e-5 * largest))
            {
                Assert.Fail($"{where}: logit {i} is {logits[i]}, by definition {reference}; largest {largest}");
            }
        }
    }
}
