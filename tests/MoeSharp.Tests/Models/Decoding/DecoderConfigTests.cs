using MoeSharp.Layers;
using MoeSharp.Models.Decoding;

namespace MoeSharp.Tests.Models.Decoding;

public class DecoderConfigTests
{
    [Fact]
    public void All_faults_are_told_at_once()
    {
        DecoderConfig config = SampleConfigs.Mixtral with
        {
            HeadCount = 5,
            HeadSize = 7,
            NormEpsilon = 0,
            SlidingWindow = 0,
            DenseLayers = [2],
            Rotary = new RotaryConfig { Theta = -1 },
            Experts = new ExpertsConfig { ExpertCount = 8, TopK = 9, IntermediateSize = 0 },
        };
        Should.Throw<ConfigException>(config.Validate).Faults.ShouldBe(
        [
            "KeyValueHeadCount must be at least 1 and divide HeadCount (5), got 2.",
            "HeadSize must be even and at least 2, got 7. Rotation works on pairs.",
            "NormEpsilon must be greater than 0, got 0.",
            "SlidingWindow must be at least 1, got 0. Leave it null to see everything.",
            "IntermediateSize must be at least 1 where a layer is dense, got 0.",
            "DenseLayers names layer 2. Layers are 0 to 1.",
            "Rotary.Theta must be greater than 0, got -1.",
            "Experts.IntermediateSize must be at least 1, got 0.",
            "Experts.TopK must be between 1 and ExpertCount (8), got 9.",
        ]);
    }

    [Fact]
    public void Equal_facts_are_equal_configurations()
    {
        (SampleConfigs.Qwen3 with { DenseLayers = [1] }).ShouldBe(SampleConfigs.Qwen3);
        (SampleConfigs.Qwen3 with { DenseLayers = [2] }).ShouldNotBe(SampleConfigs.Qwen3);
    }

    [Fact]
    public void The_predicted_parameters_are_those_of_the_decoder()
    {
        foreach ((string name, DecoderConfig config) in SampleConfigs.All)
        {
            long built = new Decoder(config).State.Values.Sum(tensor => tensor.Length);
            ParameterCount count = config.CountParameters();
            count.Total.ShouldBe(built, name);
            (count.Embedding + count.Head + count.Attention + count.Router + count.Experts + count.SharedExperts
                + count.FeedForward + count.Norms).ShouldBe(count.Total, name);
        }
    }

    [Fact]
    public void Active_parameters_are_the_matrices_a_token_touches()
    {
        // attention 2·(32+16)·32 = 3072, router 8·32 = 256, two experts 2·3·24·32 = 4608, in two layers; head 97·32
        SampleConfigs.Mixtral.CountParameters().Active.ShouldBe((2 * (3072 + 256 + 4608)) + (97 * 32));
        SampleConfigs.Windowed.CountParameters().Active.ShouldBe(SampleConfigs.Mixtral.CountParameters().Active);
        SampleConfigs.Windowed.CountParameters().Embedding.ShouldBe(0);
    }
}
