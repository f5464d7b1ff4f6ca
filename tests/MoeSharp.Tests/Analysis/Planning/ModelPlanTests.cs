using MoeSharp.Analysis;
using MoeSharp.Analysis.Planning;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Tests.Analysis.Planning;

/// <summary>What fits, and the laws of the speed prediction.</summary>
public class ModelPlanTests
{
    private static readonly MachineSpeed s_machine = new(30, 200);

    [Fact]
    public void Routers_and_norms_stay_float32_and_rows_of_no_whole_blocks_get_smaller_ones()
    {
        BlockFormat q4k = BlockFormats.Find("Q4_K")!;
        foreach (PlannedWeight weight in PlannedWeight.ListOf(ModelShapes.Find("gpt-oss-20b", 2)))
        {
            BlockFormat format = StorageRule.FormatOf(weight, q4k);
            format.Name.ShouldBe(!weight.CanPack ? "F32" : weight.Shape.Columns % 256 == 0 ? "Q4_K" : "Q5_0", weight.Parameter);
            if (weight.Part is "router" or "norms")
            {
                format.ShouldBe(BlockFormats.F32);
            }
        }
    }

    [Fact]
    public void What_fits_is_what_is_not_larger_than_the_memory()
    {
        using StoredModel tiny = StoredModel.OpenTiny();
        CheckpointFacts facts = CheckpointFacts.Of(tiny);
        ModelPlan large = ModelPlan.Create(facts, 1L << 40, 128, s_machine);
        large.Choices.ShouldAllBe(choice => choice.Fits && choice.LongestContext == facts.Config.PositionCount);
        large.Choices[0].WeightBytes.ShouldBe(facts.Bytes);
        large.CacheBytesPerToken.ShouldBe(2L * 4 * facts.Config.LayerCount * facts.Config.KeyValueHeadCount * facts.Config.HeadSize);
        foreach (StorageChoice choice in large.Choices)
        {
            choice.TotalBytes.ShouldBe(choice.WeightBytes + (128 * large.CacheBytesPerToken) + large.WorkBytes);
            ModelPlan exact = ModelPlan.Create(facts, choice.TotalBytes, 128, s_machine);
            exact.Choices.First(other => other.Name == choice.Name).Fits.ShouldBeTrue();
            exact.Choices.First(other => other.Name == choice.Name).LongestContext.ShouldBe(128);
            ModelPlan.Create(facts, choice.TotalBytes - 1, 128, s_machine).Choices.First(other => other.Name == choice.Name).Fits.ShouldBeFalse();
        }

        ModelPlan.Create(facts, 1, 128, s_machine).Best.ShouldBeNull();
        large.Best!.Name.ShouldBe("F32");
    }

    [Fact]
    public void Twice_the_machine_is_nearly_twice_as_fast_and_longer_texts_are_slower()
    {
        foreach (string name in ModelShapes.All.Keys)
        {
            DecoderConfig config = ModelShapes.Find(name);
            IReadOnlyList<PlannedWeight> weights = PlannedWeight.ListOf(config);
            foreach (BlockFormat format in BlockFormats.All)
            {
                SpeedPrediction Of(MachineSpeed machine, int context) =>
                    SpeedModel.Predict(config, weights, weight => StorageRule.FormatOf(weight, format), machine, context);

                SpeedPrediction one = Of(s_machine, 128), two = Of(new MachineSpeed(60, 400), 128), deep = Of(s_machine, 4000);
                two.DecodeTokensPerSecond.ShouldBeInRange(one.DecodeTokensPerSecond * 1.2, one.DecodeTokensPerSecond * 2);
                two.PrefillTokensPerSecond.ShouldBeInRange(one.PrefillTokensPerSecond * 1.2, one.PrefillTokensPerSecond * 2);
                deep.DecodeTokensPerSecond.ShouldBeLessThan(one.DecodeTokensPerSecond);
                one.PrefillTokensPerSecond.ShouldBeGreaterThan(one.DecodeTokensPerSecond, "a prompt shares the weights it reads");
            }
        }
    }

    [Fact]
    public void A_shape_may_lose_layers_and_nothing_else()
    {
        DecoderConfig config = ModelShapes.Find("gpt-oss-20b", 3);
        config.LayerCount.ShouldBe(3);
        config.FullAttentionLayers.ShouldBe([1]);
        config.Faults().ShouldBeEmpty();
        Should.Throw<ArgumentException>(() => ModelShapes.Find("gpt-oss-20b", 25)).Message.ShouldContain("24");
        Should.Throw<ArgumentException>(() => ModelShapes.Find("gpt-6")).Message.ShouldContain("olmoe-1b-7b");
    }

    [Fact]
    public void A_synthetic_model_has_the_bytes_that_were_planned_and_runs()
    {
        DecoderConfig config = ModelShapes.Find("olmoe-1b-7b", 1) with
        {
            VocabularySize = 512,
            HiddenSize = 256,
            HeadCount = 2,
            KeyValueHeadCount = 2,
            Experts = new ExpertsConfig { ExpertCount = 4, TopK = 2, IntermediateSize = 256 }
        };
        foreach (BlockFormat format in BlockFormats.All.Where(format => format.CanQuantize))
        {
            Decoder decoder = SyntheticModel.Create(config, format);
            LogitsDump dump = LogitsDump.Run(decoder, [1, 2, 3]);
            dump.Logits.ShouldAllBe(value => float.IsFinite(value));
            dump.Logits.Distinct().Count().ShouldBeGreaterThan(10);
            decoder.Parameters.Where(parameter => parameter.Packed is not null).Sum(parameter => parameter.Packed!.ByteLength).ShouldBe(
                PlannedWeight.ListOf(config).Where(weight => weight.CanPack).Sum(weight => StorageRule.FormatOf(weight, format).BytesOf(weight.Shape.Length)));
        }
    }
}
