using MoeSharp.Experts.Banks;
using MoeSharp.Layers;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Models.Decoding;

/// <summary>Small configurations that together use every fact of a decoder.</summary>
internal static class SampleConfigs
{
    public static DecoderConfig Dense { get; } = new()
    {
        VocabularySize = 97,
        HiddenSize = 32,
        LayerCount = 2,
        HeadCount = 4,
        KeyValueHeadCount = 2,
        HeadSize = 8,
        IntermediateSize = 48,
        PositionCount = 256,
        InitializerRange = 0.1f,
        EndTokens = [3],
    };

    public static DecoderConfig Mixtral { get; } = Dense with
    {
        IntermediateSize = 0,
        Experts = new ExpertsConfig { ExpertCount = 8, TopK = 2, IntermediateSize = 24 },
    };

    public static DecoderConfig Windowed { get; } = Mixtral with { SlidingWindow = 9, IsTied = true };

    public static DecoderConfig Olmoe { get; } = Mixtral with
    {
        QueryKeyNorm = QueryKeyNorm.WholeProjection,
        ClipQueryKeyValue = 0.4f,
        Experts = Mixtral.Experts! with { NormalizeWeights = false, TopK = 3 },
    };

    public static DecoderConfig Qwen3 { get; } = Mixtral with
    {
        QueryKeyNorm = QueryKeyNorm.PerHead,
        HeadSize = 12,
        LayerCount = 3,
        IntermediateSize = 40,
        DenseLayers = [1],
    };

    public static DecoderConfig Qwen2 { get; } = Mixtral with
    {
        HasQueryKeyValueBias = true,
        LayerCount = 3,
        SlidingWindow = 7,
        FullAttentionLayers = [1],
        Experts = Mixtral.Experts! with { SharedIntermediateSize = 20, IsSharedGated = true },
    };

    public static DecoderConfig Dots { get; } = Mixtral with
    {
        QueryKeyNorm = QueryKeyNorm.PerHead,
        LayerCount = 3,
        IntermediateSize = 40,
        DenseLayers = [0],
        Rotary = new RotaryConfig { Scaling = RopeScaling.Yarn, Factor = 4, OriginalPositionCount = 64 },
        Experts = Mixtral.Experts! with
        {
            Score = ScoreKind.Sigmoid,
            HasExpertBias = true,
            GroupCount = 4,
            KeptGroupCount = 2,
            WeightScale = 2.5f,
            SharedIntermediateSize = 48,
            BalanceCoefficient = 0,
        },
    };

    public static DecoderConfig DeepSeek { get; } = Dots with
    {
        QueryKeyNorm = QueryKeyNorm.None,
        HasQueryKeyValueBias = true,
        Rotary = new RotaryConfig { PartialFactor = 0.5 },
        Experts = Dots.Experts! with { GroupCount = 1, KeptGroupCount = 1, BalanceCoefficient = 0.0001f, SharedIntermediateSize = 0 },
    };

    public static DecoderConfig Llama { get; } = Dense with
    {
        HasQueryKeyValueBias = true,
        HasOutputBias = true,
        HasFeedForwardBias = true,
        IsTied = true,
        Rotary = new RotaryConfig
        {
            Theta = 500000,
            Scaling = RopeScaling.Llama3,
            Factor = 8,
            OriginalPositionCount = 64,
            LowFrequencyFactor = 1,
            HighFrequencyFactor = 4,
        },
    };

    public static DecoderConfig Granite { get; } = Mixtral with
    {
        EmbeddingScale = 12,
        ResidualScale = 0.22f,
        AttentionScale = 0.0625f,
        LogitScale = (float)(1 / 6.0),
        HasQueryKeyValueBias = true,
        HasOutputBias = true,
        IsTied = true,
        Experts = Mixtral.Experts! with { Score = ScoreKind.SoftmaxOfChosen, TopK = 3 },
    };

    public static DecoderConfig Ernie { get; } = Mixtral with
    {
        Rotary = new RotaryConfig { IsInterleaved = true },
        LayerCount = 4,
        IntermediateSize = 40,
        DenseLayers = [0, 2],
        IsTied = true,
        HasQueryKeyValueBias = true,
        HasOutputBias = true,
        HasFeedForwardBias = true,
        HasHeadBias = true,
        Experts = Mixtral.Experts! with
        {
            HasExpertBias = true,
            WeightSumMinimum = 1e-12f,
            SharedIntermediateSize = 48,
            HasSharedBias = true,
        },
    };

    public static DecoderConfig Hunyuan { get; } = Mixtral with
    {
        QueryKeyNorm = QueryKeyNorm.PerHeadAfterRotation,
        Experts = Mixtral.Experts! with { SharedIntermediateSize = 24, BalanceCoefficient = 0 },
    };

    public static DecoderConfig MiniMax { get; } = Mixtral with
    {
        QueryKeyNorm = QueryKeyNorm.WholeProjection,
        Rotary = new RotaryConfig { PartialFactor = 0.5 },
        Experts = Mixtral.Experts! with { Score = ScoreKind.Sigmoid, HasExpertBias = true },
    };

    public static DecoderConfig FlexOlmo { get; } = Mixtral with
    {
        NormPlacement = NormPlacement.After,
        QueryKeyNorm = QueryKeyNorm.WholeProjection,
        HasQueryKeyValueBias = true,
        HasOutputBias = true,
        Experts = Mixtral.Experts! with { NormalizeWeights = false },
    };

    public static DecoderConfig GptOss { get; } = Mixtral with
    {
        LayerCount = 3,
        SlidingWindow = 9,
        FullAttentionLayers = [1],
        HasQueryKeyValueBias = true,
        HasOutputBias = true,
        HasAttentionSinks = true,
        Rotary = new RotaryConfig { Scaling = RopeScaling.Yarn, Factor = 4, OriginalPositionCount = 64, Truncates = false },
        Experts = Mixtral.Experts! with
        {
            TopK = 3,
            Score = ScoreKind.SoftmaxOfChosen,
            HasRouterBias = true,
            HasProjectionBias = true,
            Clamp = new ClampedSwiGlu(1.5f, 0.2f),
        },
    };

    public static DecoderConfig Dbrx { get; } = Mixtral with
    {
        Norm = NormKind.Layer,
        ClipQueryKeyValue = 0.4f,
        Experts = Mixtral.Experts! with { TopK = 3, WeightNormPower = 2 },
    };

    public static DecoderConfig Llama4 { get; } = Mixtral with
    {
        LayerCount = 4,
        IntermediateSize = 40,
        DenseLayers = [0, 2],
        Rotary = new RotaryConfig { IsInterleaved = true, Theta = 500000 },
        QueryKeyNorm = QueryKeyNorm.UnweightedAfterRotation,
        AttentionBlockLength = 10,
        FullAttentionLayers = [2],
        UnrotatedLayers = [2],
        Temperature = new QueryTemperature(0.3, 12),
        Experts = Mixtral.Experts! with
        {
            TopK = 1,
            Score = ScoreKind.Sigmoid,
            NormalizeWeights = false,
            WeighsInput = true,
            SharedIntermediateSize = 24,
        },
    };

    public static DecoderConfig Phimoe { get; } = Mixtral with
    {
        Norm = NormKind.LayerWithBias,
        HasQueryKeyValueBias = true,
        HasOutputBias = true,
        HasHeadBias = true,
        Experts = Mixtral.Experts! with { Score = ScoreKind.SparseMixer, MixerJitter = 0.1f },
    };

    public static DecoderConfig Grok { get; } = Mixtral with
    {
        NormPlacement = NormPlacement.Both,
        EmbeddingScale = 5.5f,
        LogitScale = 0.57735f,
        AttentionScale = 0.7f,
        AttentionSoftCap = 0.5f,
        Activation = Activation.GeluTanh,
        IsTied = true,
        Experts = Mixtral.Experts! with { NormalizeWeights = false },
    };

    public static DecoderConfig Qwen2Dense { get; } = Dense with
    {
        HasQueryKeyValueBias = true,
        IsTied = true,
        LayerCount = 3,
        SlidingWindow = 7,
        FullAttentionLayers = [0],
    };

    public static DecoderConfig Latent { get; } = Mixtral with
    {
        LayerCount = 3,
        HeadCount = 3,
        KeyValueHeadCount = 3,
        HeadSize = 14,
        Latent = new LatentSizes { QueryRank = 20, KeyValueRank = 24, UnrotatedSize = 8, RotatedSize = 6, ValueSize = 10 },
        Rotary = new RotaryConfig
        {
            IsInterleaved = true,
            Scaling = RopeScaling.Yarn,
            Factor = 4,
            OriginalPositionCount = 64,
            MScale = 1,
            MScaleAllDimensions = 0.7,
        },
        HasQueryKeyValueBias = true,
        HasOutputBias = true,
        IntermediateSize = 40,
        DenseLayers = [0],
        Experts = Dots.Experts,
    };

    public static DecoderConfig LatentLite { get; } = Latent with
    {
        LayerCount = 5,
        Latent = Latent.Latent! with { QueryRank = null, ValueSize = 16 },
        Rotary = new RotaryConfig { IsInterleaved = true },
        HasQueryKeyValueBias = false,
        HasOutputBias = false,
        HasFeedForwardBias = true,
        IsTied = true,
        DenseLayers = [0, 1, 3],
        Experts = Mixtral.Experts! with
        {
            TopK = 3,
            NormalizeWeights = false,
            WeightScale = 16,
            GroupCount = 4,
            KeptGroupCount = 2,
            GroupScoreCount = 1,
            SharedIntermediateSize = 48,
            HasSharedBias = true,
            BalanceCoefficient = 0,
        },
    };

    public static IReadOnlyDictionary<string, DecoderConfig> All { get; } = new Dictionary<string, DecoderConfig>
    {
        ["dense"] = Dense,
        ["mixtral"] = Mixtral,
        ["windowed"] = Windowed,
        ["olmoe"] = Olmoe,
        ["qwen3"] = Qwen3,
        ["qwen2"] = Qwen2,
        ["dots"] = Dots,
        ["deepseek"] = DeepSeek,
        ["llama"] = Llama,
        ["granite"] = Granite,
        ["granite_shared"] = Granite with { IsTied = false, Experts = Granite.Experts! with { SharedIntermediateSize = 20 } },
        ["ernie"] = Ernie,
        ["ernie_untied"] = Ernie with { IsTied = false, LayerCount = 3, DenseLayers = [0, 2] },
        ["hunyuan"] = Hunyuan,
        ["minimax"] = MiniMax,
        ["flex_olmo"] = FlexOlmo,
        ["gpt_oss"] = GptOss,
        ["dbrx"] = Dbrx,
        ["llama4"] = Llama4,
        ["llama4_topk"] = Llama4 with
        {
            QueryKeyNorm = QueryKeyNorm.None,
            UnrotatedLayers = [],
            Temperature = null,
            FullAttentionLayers = [],
            IsTied = true,
            Experts = Llama4.Experts! with { TopK = 2 },
        },
        ["phimoe"] = Phimoe,
        ["phimoe_long"] = Phimoe with
        {
            Rotary = new RotaryConfig
            {
                Scaling = RopeScaling.LongRope,
                Factor = 4,
                OriginalPositionCount = 64,
                ShortFactors = [1, 1.1, 1.2, 1.5],
                LongFactors = [1, 1.5, 3, 7],
                ShortMScale = 1.2,
                LongMScale = 1.4,
            },
        },
        ["phimoe_tied"] = Phimoe with { IsTied = true, SlidingWindow = 9 },
        ["grok"] = Grok,
        ["qwen2_dense"] = Qwen2Dense,
        ["qwen3_dense"] = Dense with { QueryKeyNorm = QueryKeyNorm.PerHead, HeadSize = 12 },
        ["latent"] = Latent,
        ["latent_lite"] = LatentLite,
        ["latent_halves"] = Latent with { Rotary = new RotaryConfig(), HeadCount = 2, KeyValueHeadCount = 2, IsTied = true },
    };

    public static Decoder Build(string name)
    {
        Decoder decoder = Decoder.Create(All[name], seed: 7);
        foreach (var (key, tensor) in decoder.State)
        {
            if (tensor.Shape.Rank == 1 || key.EndsWith("_bias", StringComparison.Ordinal)) // norms away from one, biases away from zero
            {
                var rng = new MoeSharp.Tensors.Rng(11, (ulong)key.Length);
                foreach (ref float value in tensor.Span)
                {
                    value += 0.2f * rng.NextNormal();
                }
            }
        }

        return decoder;
    }

    public static int[] Ids(int count, ulong seed = 1)
    {
        var rng = new MoeSharp.Tensors.Rng(seed);
        return [.. Enumerable.Range(0, count).Select(_ => rng.NextInt(Dense.VocabularySize))];
    }
}
