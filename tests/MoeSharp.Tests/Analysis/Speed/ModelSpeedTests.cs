using MoeSharp.Analysis;
using MoeSharp.Analysis.Speed;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Tests.Analysis.Speed;

/// <summary>What a measurement counts. How fast it is, is no test.</summary>
public class ModelSpeedTests
{
    private static readonly SpeedOptions s_quick = new() { Repeats = 1, Prompt = 16, DecodeTokens = 2 };

    [Fact]
    public void A_token_reads_its_experts_the_head_one_row_and_its_keys()
    {
        DecoderConfig config = ModelShapes.Find("tiny-moe");
        Decoder decoder = SyntheticModel.Create(config, BlockFormats.Find("Q8_0")!);
        using var workers = new Workers(1);
        SpeedMeasure measure = new ModelSpeed(decoder, workers, s_quick).Decode();

        // Q8_0 takes 34 bytes for 32 elements; routers and norms are floats.
        const double bits = 34.0 / 32;
        double attention = (2 * 256 * 256) + (2 * 128 * 256), experts = 2 * 3 * 256 * 256;
        double weights = (2 * bits * (attention + experts)) + (bits * 256 * (4096 + 1)) + (4 * ((2 * 8 * 256) + (5 * 256)));
        double keys = 128 + 1.5, cache = 2 * keys * 2 * 128 * 4;
        measure.Facts["bytesPerToken"].ShouldBe(weights + cache, 1);
        measure.Facts["cacheBytesPerToken"].ShouldBe(cache, 1);
        measure.Facts["expertsTouched"].ShouldBe(2);
        measure.Peak.ShouldBe("bandwidthGBs.t1");
        measure.Rate.ShouldBe(measure.Value * (weights + cache) / 1e9, 1e-6);

        double operations = 2 * ((2 * (attention + experts + (8 * 256))) + (256 * 4096)) + (2 * 2 * 4 * 128 * keys);
        measure.OperationsPerByte!.Value.ShouldBe(operations / (weights + cache), 1e-6);
    }

    [Fact]
    public void Texts_together_read_each_touched_expert_once()
    {
        Decoder decoder = SyntheticModel.Create(ModelShapes.Find("tiny-moe"), BlockFormats.Find("Q8_0")!);
        using var workers = new Workers(2);
        var speed = new ModelSpeed(decoder, workers, s_quick);
        SpeedMeasure one = speed.Decode(), four = speed.DecodeTogether(4);
        four.Name.ShouldBe("decode.batch4");
        four.Peak.ShouldBe("bandwidthGBs.t2");
        double touched = four.Facts["expertsTouched"];
        touched.ShouldBeInRange(2.1, 7.9);

        const double expert = 34.0 / 32 * 3 * 256 * 256, row = 34.0 / 32 * 256;
        double cache = one.Facts["cacheBytesPerToken"];
        (4 * four.Facts["bytesPerToken"]).ShouldBe(
            one.Facts["bytesPerToken"] + (2 * (touched - 2) * expert) + (3 * row) + (3 * cache), 2);
    }

    [Fact]
    public void A_prompt_counts_matrices_without_embedding_and_head()
    {
        DecoderConfig config = ModelShapes.Find("tiny-moe");
        using var workers = new Workers(1);
        SpeedMeasure measure = new ModelSpeed(SyntheticModel.Create(config, BlockFormats.Find("Q4_K")!), workers, s_quick).Prefill();
        measure.Facts["operationsPerToken"].ShouldBe(2.0 * 2 * ((2 * 256 * 256) + (2 * 128 * 256) + (8 * 256) + (2 * 3 * 256 * 256)));
        measure.Peak.ShouldBe("int8Gops.t1");
        measure.Rate.ShouldBe(measure.Value * measure.Facts["operationsPerToken"] / 1e9, 1e-6);
        new ModelSpeed(SyntheticModel.Create(config, BlockFormats.F32), workers, s_quick).Prefill().Peak.ShouldBe("float32Gflops.t1");
    }

    [Fact]
    public void The_floor_of_a_deep_past_is_its_bytes_or_its_products()
    {
        DecoderConfig config = ModelShapes.Find("tiny-moe");
        using var workers = new Workers(1);
        var speed = new ModelSpeed(SyntheticModel.Create(config, BlockFormats.Find("Q4_K")!), workers, s_quick);
        double more = 2 * (512 - 128) * 2 * 128 * 4, operations = 2 * 2 * 4 * 128 * (512 - 128);
        SpeedMeasure slowMemory = speed.DecodeAt(512, Machine(bandwidth: 1, float32: 1e6)), slowProducts = speed.DecodeAt(512, Machine(1e6, 1));
        slowMemory.Name.ShouldBe("decode.depth512");
        slowMemory.Facts["floorSeconds"].ShouldBe(more / 1e9, 1e-9);
        slowProducts.Facts["floorSeconds"].ShouldBe(operations / 0.6e9, 1e-9);
        slowMemory.Facts["extraOverFloor"].ShouldBe(slowMemory.Facts["extraSeconds"] / slowMemory.Facts["floorSeconds"], 1e-9);
        speed.DecodeAt(100_000, Machine(1, 1)).Name.ShouldBe("decode.depth8190"); // the model ends there
    }

    [Fact]
    public void A_window_and_a_latent_bound_what_is_read()
    {
        using var workers = new Workers(1);
        DecoderConfig windowed = ModelShapes.Find("tiny-moe") with { SlidingWindow = 64, FullAttentionLayers = [1] };
        SpeedMeasure measure = new ModelSpeed(SyntheticModel.Create(windowed, BlockFormats.Find("Q8_0")!), workers, s_quick).Decode();
        measure.Facts["cacheBytesPerToken"].ShouldBe((64 + 128 + 1.5) * 2 * 128 * 4, 1);

        DecoderConfig latent = ModelShapes.Find("deepseek-v2-lite", 2) with
        {
            VocabularySize = 512,
            HiddenSize = 256,
            IntermediateSize = 256,
            Experts = new ExpertsConfig { ExpertCount = 4, TopK = 2, IntermediateSize = 256, SharedIntermediateSize = 256, NormalizeWeights = false },
        };
        measure = new ModelSpeed(SyntheticModel.Create(latent, BlockFormats.Find("Q8_0")!), workers, s_quick).Decode();
        measure.Facts["cacheBytesPerToken"].ShouldBe(2 * (128 + 1.5) * (512 + 64) * 4, 1);
    }

    [Fact]
    public void Sparsity_compares_equal_active_sizes()
    {
        using var workers = new Workers(1);
        SpeedMeasure measure = SparsitySpeed.Measure(SyntheticModel.Recipe("Q8_0"), workers, s_quick, scale: 16);
        measure.Value.ShouldBe(Math.Max(measure.Facts["prefillRatio"], measure.Facts["decodeRatio"]));
        measure.Value.ShouldBeGreaterThan(0);
        measure.ShareOf(Machine(1, 1)).ShouldBeNull();
    }

    [Fact]
    public void Every_format_has_a_kernel_with_a_name()
    {
        using var workers = new Workers(1);
        foreach (BlockFormat format in BlockFormats.All)
        {
            FormatSpeed speed = FormatBench.Run(format, workers, scale: 512);
            speed.Kernel.ShouldNotBeNullOrEmpty(format.Name);
            speed.GBs.ShouldBeGreaterThan(0);
            speed.Gops.ShouldBeGreaterThan(0);
        }
    }

    [Fact]
    public void The_median_is_the_middle()
    {
        SpeedMeasure.MedianOf([3, 1, 2]).ShouldBe(2);
        SpeedMeasure.MedianOf([4, 1, 3, 2]).ShouldBe(2.5);
        Should.Throw<InvalidOperationException>(() => SpeedMeasure.MedianOf([]));
    }

    private static MachinePeaks Machine(double bandwidth, double float32) => new()
    {
        Cpu = "none",
        ProcessorCount = 1,
        LaneWidth = 256,
        BandwidthGBs = new PeakPair(bandwidth, bandwidth),
        Float32Gflops = new PeakPair(float32, float32),
        Int8Gops = new PeakPair(2 * float32, 2 * float32),
        Int8Instructions = "none",
    };
}
