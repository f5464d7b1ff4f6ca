using MoeSharp.Analysis.Planning;
using MoeSharp.Layers;
using MoeSharp.Models.Decoding;

namespace MoeSharp.Tests.Analysis.Planning;

/// <summary>Parameters of published models to the last one, from their shapes: total, and active with and without the input embedding.</summary>
public class ParameterTableTests
{
    private static readonly Dictionary<string, DecoderConfig> s_models = new()
    {
        ["Mixtral 8x7B"] = Shape(32000, 4096, 32, 32, 8, Experts(8, 2, 14336)),
        ["Mixtral 8x22B"] = Shape(32768, 6144, 56, 48, 8, Experts(8, 2, 16384)),
        ["OLMoE-1B-7B"] = Shape(50304, 2048, 16, 16, 16, Experts(64, 8, 1024)) with { QueryKeyNorm = QueryKeyNorm.WholeProjection },
        ["DeepSeekMoE-16B"] = Shape(102400, 2048, 28, 16, 16, Experts(64, 6, 1408) with { SharedIntermediateSize = 2816 })
            with
        { DenseLayers = [0], IntermediateSize = 10944 },
        ["Qwen1.5-MoE-A2.7B"] = Shape(151936, 2048, 24, 16, 16, Experts(60, 4, 1408) with { SharedIntermediateSize = 5632, IsSharedGated = true })
            with
        { HasQueryKeyValueBias = true },
        ["Qwen2-57B-A14B"] = Shape(151936, 3584, 28, 28, 4, Experts(64, 8, 2560) with { SharedIntermediateSize = 20480, IsSharedGated = true })
            with
        { HasQueryKeyValueBias = true },
        ["Qwen3-30B-A3B"] = Shape(151936, 2048, 48, 32, 4, Experts(128, 8, 768)) with { QueryKeyNorm = QueryKeyNorm.PerHead },
        ["Qwen3-235B-A22B"] = Shape(151936, 4096, 94, 64, 4, Experts(128, 8, 1536)) with { QueryKeyNorm = QueryKeyNorm.PerHead },
        ["DBRX"] = Shape(100352, 6144, 40, 48, 8, Experts(16, 4, 10752)) with { Norm = NormKind.Layer, ClipQueryKeyValue = 8 },
        ["Phi-3.5-MoE"] = Shape(32064, 4096, 32, 32, 8, Experts(16, 2, 6400))
            with
        { Norm = NormKind.LayerWithBias, HasQueryKeyValueBias = true, HasOutputBias = true },
        ["DeepSeek-V2-Lite"] = Latent(102400, 2048, 27, 16, null, Experts(64, 6, 1408) with { SharedIntermediateSize = 2816 }, 1, 10944),
        ["DeepSeek-V2"] = Latent(102400, 5120, 60, 128, 1536, Experts(160, 6, 1536) with { SharedIntermediateSize = 3072 }, 1, 12288),
        ["DeepSeek-V3"] = Latent(129280, 7168, 61, 128, 1536, Experts(256, 8, 2048) with { SharedIntermediateSize = 2048, HasExpertBias = true }, 3, 18432),
        ["Kimi K2"] = Latent(163840, 7168, 61, 64, 1536, Experts(384, 8, 2048) with { SharedIntermediateSize = 2048, HasExpertBias = true }, 1, 18432),
        ["GLaM 64B/64E"] = Shape(256000, 8192, 64, 128, 128, Experts(64, 2, 32768) with { HasGateProjection = false })
            with
        { DenseLayers = NumberList.Create([.. Enumerable.Range(0, 32).Select(i => 2 * i)]), IntermediateSize = 32768, IsTied = true },
        ["gpt-oss-20b"] = GptOss(24, 32),
        ["gpt-oss-120b"] = GptOss(36, 128),
    };

    public static TheoryData<string, long, long, long> Rows => new()
    {
        { "Mixtral 8x7B", 46_702_792_704, 12_879_925_248, 12_748_853_248 },
        { "Mixtral 8x22B", 140_630_071_296, 39_161_468_928, 38_960_142_336 },
        { "OLMoE-1B-7B", 6_919_161_856, 1_282_017_280, 1_178_994_688 },
        { "DeepSeekMoE-16B", 16_375_728_128, 2_828_650_496, 2_618_935_296 },
        { "Qwen1.5-MoE-A2.7B", 14_315_784_192, 2_689_173_504, 2_378_008_576 },
        { "Qwen2-57B-A14B", 57_408_658_944, 14_249_270_784, 13_704_732_160 },
        { "Qwen3-30B-A3B", 30_532_122_624, 3_353_032_704, 3_041_867_776 },
        { "Qwen3-235B-A22B", 235_093_634_560, 22_190_763_520, 21_568_433_664 },
        { "DBRX", 131_596_523_520, 36_469_708_800, 35_853_146_112 },
        { "DeepSeek-V2-Lite", 15_706_484_224, 2_661_150_208, 2_451_435_008 },
        { "DeepSeek-V2", 235_741_434_880, 21_375_800_320, 20_851_512_320 },
        { "DeepSeek-V3", 671_026_419_200, 37_552_297_472, 36_625_618_432 },
        { "Kimi K2", 1_026_408_232_448, 32_861_500_928, 31_687_095_808 },
        { "gpt-oss-20b", 20_914_757_184, 4_187_440_704, 3_608_307_264 },
        { "gpt-oss-120b", 116_829_156_672, 5_711_982_912, 5_132_849_472 },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_table_of_published_models_holds(string model, long total, long active, long withoutEmbedding)
    {
        DecoderConfig config = s_models[model];
        config.CountParameters().Total.ShouldBe(total);
        IReadOnlyList<PlannedWeight> weights = PlannedWeight.ListOf(config);
        weights.Sum(weight => weight.Shape.Length).ShouldBe(total, "what is built is what is counted");
        var counted = ActiveParameters.Of(weights);
        counted.WithEmbedding.ShouldBe(active);
        counted.WithoutEmbedding.ShouldBe(withoutEmbedding);
        counted.WithoutEmbeddingAndHead.ShouldBe(withoutEmbedding - ((long)config.VocabularySize * config.HiddenSize));
    }

    // The table counts the last norm without its bias of 4096. The published checkpoint has it (transformers: a LayerNorm with
    // elementwise_affine), as it has the head's bias, so that our own count is larger by both.
    [Fact]
    public void Phi_has_two_biases_more_than_its_row()
    {
        DecoderConfig config = s_models["Phi-3.5-MoE"];
        IReadOnlyList<PlannedWeight> weights = PlannedWeight.ListOf(config);
        PlannedWeight[] asInTheTable = [.. weights.Where(weight => weight.Parameter != "norm.bias")];
        asInTheTable.Length.ShouldBe(weights.Count - 1);
        asInTheTable.Sum(weight => weight.Shape.Length).ShouldBe(41_873_117_184);
        ActiveParameters.Of(asInTheTable).WithEmbedding.ShouldBe(6_640_963_584);
        config.CountParameters().Total.ShouldBe(41_873_117_184 + 4096);
        (config with { HasHeadBias = true }).CountParameters().Total.ShouldBe(41_873_117_184 + 4096 + 32064);
    }

    // The row is rounded, and counts neither routers (16.8 million) nor norms (1 million). Experts have two matrices, dense layers three.
    [Fact]
    public void Glam_is_its_row_without_routers_and_norms()
    {
        DecoderConfig config = s_models["GLaM 64B/64E"];
        IReadOnlyList<PlannedWeight> weights = PlannedWeight.ListOf(config);
        config.CountParameters().Total.ShouldBe(weights.Sum(weight => weight.Shape.Length));
        PlannedWeight[] asInTheTable = [.. weights.Where(weight => weight.Part is not ("router" or "norms"))];
        Math.Round(asInTheTable.Sum(weight => weight.Shape.Length) / 1e12, 4).ShouldBe(1.1617);
        Math.Round(ActiveParameters.Of(asInTheTable).WithEmbedding / 1e9, 3).ShouldBe(96.586);
        Math.Round(config.CountParameters().Total / 1e12, 4).ShouldBe(1.1618);
    }

    [Fact]
    public void All_seventeen_rows_are_here()
    {
        s_models.Count.ShouldBe(17);
        Rows.Count.ShouldBe(s_models.Count - 2);
    }

    private static DecoderConfig Shape(int vocabulary, int hidden, int layers, int heads, int keyValueHeads, ExpertsConfig experts) => new()
    {
        VocabularySize = vocabulary,
        HiddenSize = hidden,
        LayerCount = layers,
        HeadCount = heads,
        KeyValueHeadCount = keyValueHeads,
        HeadSize = 128,
        Experts = experts,
    };

    private static DecoderConfig Latent(
        int vocabulary, int hidden, int layers, int heads, int? queryRank, ExpertsConfig experts, int denseCount, int denseSize) =>
        Shape(vocabulary, hidden, layers, heads, heads, experts) with
        {
            HeadSize = 192,
            Latent = new LatentSizes { QueryRank = queryRank, KeyValueRank = 512, UnrotatedSize = 128, RotatedSize = 64, ValueSize = 128 },
            DenseLayers = NumberList.Create([.. Enumerable.Range(0, denseCount)]),
            IntermediateSize = denseSize,
        };

    private static DecoderConfig GptOss(int layers, int experts) => Shape(201088, 2880, layers, 64, 8, Experts(experts, 4, 2880) with
    {
        Score = ScoreKind.SoftmaxOfChosen,
        HasRouterBias = true,
        HasProjectionBias = true,
    }) with
    { HeadSize = 64, HasQueryKeyValueBias = true, HasOutputBias = true, HasAttentionSinks = true };

    private static ExpertsConfig Experts(int count, int topK, int size) => new() { ExpertCount = count, TopK = topK, IntermediateSize = size };
}
