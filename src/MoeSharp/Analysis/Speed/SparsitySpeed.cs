using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;

namespace MoeSharp.Analysis.Speed;

/// <summary>Measures what many small experts cost beside few large ones, when a token touches as much of either.</summary>
public static class SparsitySpeed
{
    /// <summary><c>sparsity</c>: how many times as long a model of 256 experts takes as one of 8.</summary>
    /// <remarks>Hidden size 2048, 4 layers; top-2 of 8 experts of 2048, or top-8 of 256 experts of 512: 4096 active columns either way.
    /// Attention and vocabulary are small. The value is the larger of the ratios of prompt and decode.</remarks>
    /// <param name="recipe">How weights are stored.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="options">How to measure; null for the defaults.</param>
    /// <param name="scale">Divides hidden size and expert sizes, for a quick look.</param>
    /// <param name="cancellation">Ends it between steps.</param>
    public static SpeedMeasure Measure(
        QuantizationRecipe recipe, Workers workers, SpeedOptions? options = null, int scale = 1, CancellationToken cancellation = default)
    {
        (double fewPrefill, double fewDecode) = Run(8, 2, 2048 / scale);
        (double manyPrefill, double manyDecode) = Run(256, 8, 512 / scale);
        double prefill = fewPrefill / manyPrefill, decode = fewDecode / manyDecode;
        return new SpeedMeasure
        {
            Name = "sparsity",
            Unit = "times",
            Values = [Math.Max(prefill, decode)],
            Facts = new Dictionary<string, double> { ["prefillRatio"] = prefill, ["decodeRatio"] = decode },
        };

        (double Prefill, double Decode) Run(int experts, int topK, int width)
        {
            LoadSpeed.ReleaseMemory();
            Decoder decoder = SyntheticModel.Create(Config(experts, topK, width, 2048 / scale), recipe);
            var speed = new ModelSpeed(decoder, workers, options, cancellation);
            return (speed.Prefill().Value, speed.Decode().Value);
        }
    }

    private static DecoderConfig Config(int experts, int topK, int width, int hidden) => new()
    {
        VocabularySize = 1024,
        HiddenSize = hidden,
        LayerCount = 4,
        HeadCount = 4,
        KeyValueHeadCount = 4,
        HeadSize = 64,
        PositionCount = 4096,
        Experts = new ExpertsConfig { ExpertCount = experts, TopK = topK, IntermediateSize = width },
    };
}
