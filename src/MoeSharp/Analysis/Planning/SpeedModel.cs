using MoeSharp.Models.Decoding;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Planning;

/// <summary>Predicts the time of a step of n tokens from a model's shapes and two speeds of the machine.</summary>
/// <remarks>
/// <para>With B bytes and P float32 operations a second at best, a matrix of R rows and C columns that m of the tokens use takes</para>
/// <para><c>t = max( bytes / (η·B),  R·C·(u + 2·m/κ) / P )</c></para>
/// <para>where u (operations to unpack an element) and κ (share of the peak in multiplying) belong to its format, and η to the memory.
/// Of E experts, n tokens that choose K each touch <c>E·(1 − (1 − K/E)ⁿ)</c>, and each touched one has n·K over that many tokens. The
/// head counts once, for the last token. A layer adds</para>
/// <para><c>n·a·V/P + n·keys·values·4/(η·B) + 2·n·keys·2·H·d/(κₐ·P) + c</c></para>
/// <para>V: floats of its vectors a token (residual stream, heads, experts, scores); keys: positions that are looked at, on average, no
/// more than the window; c: the fixed time of starting its products. Weights that stay in caches make a model faster than this
/// (below about 50 MB a token). How the constants came about, and how well they predict, stands in <c>docs/numbers.md</c>.</para>
/// </remarks>
public static class SpeedModel
{
    private const double VectorOperations = 40;   // a
    private const double AttentionShare = 0.4;    // κₐ
    private const double LayerSeconds = 30e-6;    // c
    private const int ChunkLength = 512;          // tokens that a session runs at once

    /// <summary>Predicts.</summary>
    /// <param name="config">The model.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="formatOf">How each is stored.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="context">Tokens that decode looks back at.</param>
    /// <param name="prompt">Tokens of the prompt.</param>
    /// <param name="isExact">True where block formats are dequantised and multiplied in float32.</param>
    public static SpeedPrediction Predict(
        DecoderConfig config,
        IReadOnlyList<PlannedWeight> weights,
        Func<PlannedWeight, BlockFormat> formatOf,
        MachineSpeed machine,
        int context,
        int prompt = 512,
        bool isExact = false) => Predict(config, weights, formatOf, machine, context, prompt, SpeedConstants.Of(isExact));

    /// <summary>The same with constants of one's own, to fit them.</summary>
    internal static SpeedPrediction Predict(
        DecoderConfig config,
        IReadOnlyList<PlannedWeight> weights,
        Func<PlannedWeight, BlockFormat> formatOf,
        MachineSpeed machine,
        int context,
        int prompt,
        SpeedConstants constants)
    {
        double decode = Step(config, weights, formatOf, machine, 1, context, constants, hasHead: true);
        double prefill = 0;
        for (int past = 0; past < prompt; past += ChunkLength)
        {
            int count = Math.Min(ChunkLength, prompt - past);
            prefill += Step(config, weights, formatOf, machine, count, past, constants, hasHead: past + count == prompt);
        }

        double bytes = weights.Where(weight => !weight.IsLookup).Sum(weight => (double)weight.ActiveLength * formatOf(weight).BitsPerElement / 8);
        return new SpeedPrediction(1 / decode, prompt / prefill, (long)(bytes + CacheBytes(config, context)));
    }

    /// <summary>Seconds of one step.</summary>
    internal static double Step(
        DecoderConfig config,
        IReadOnlyList<PlannedWeight> weights,
        Func<PlannedWeight, BlockFormat> formatOf,
        MachineSpeed machine,
        int count,
        int past,
        SpeedConstants constants,
        bool hasHead)
    {
        double bandwidth = machine.BandwidthGBs * 1e9 * constants.MemoryShare, peak = machine.Float32Gflops * 1e9, seconds = 0;
        foreach (PlannedWeight weight in weights)
        {
            bool isHead = weight.Part == "head";
            if (weight.IsLookup || weight.Shape.Rank < 2 || (isHead && !hasHead))
            {
                continue;
            }

            double experts = weight.ExpertCount, uses = isHead ? 1 : count;
            double touched = experts == 1 ? 1 : experts * (1 - Math.Pow(1 - (weight.TopK / experts), uses));
            double rows = experts == 1 ? uses : uses * weight.TopK / touched;
            double elements = weight.Shape.Length / experts;
            BlockFormat format = formatOf(weight);
            FormatCost cost = weight.CanPack ? constants.CostOf(format) : FormatCost.Unpacked;
            double reading = elements * format.BitsPerElement / 8 / bandwidth;
            double computing = elements * (cost.Unpack + (2 * rows / cost.Share)) / peak;
            seconds += touched * Math.Max(reading, computing);
        }

        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            double keys = past + ((count + 1) / 2.0);
            if (config.WindowOf(layer) is { } window)
            {
                keys = Math.Min(keys, window);
            }

            double reads = count == 1 ? keys * CachedValues(config) * sizeof(float) / bandwidth : 0;
            double pair = config.Latent is { } latent ? (2.0 * latent.KeyValueRank) + latent.RotatedSize : 2.0 * config.HeadSize; // of query and key, a head
            double products = 2.0 * count * keys * config.HeadCount * pair / (AttentionShare * peak);
            seconds += Math.Max(reads, products) + (count * VectorOperations * VectorLength(config, layer) / peak) + LayerSeconds;
        }

        return seconds;
    }

    /// <summary>Values a token and layer that the cache keeps.</summary>
    public static long CachedValues(DecoderConfig config) => config.CachedSize;

    /// <summary>Bytes of the float32 cache for a text; layers with a window keep all of it too.</summary>
    public static long CacheBytes(DecoderConfig config, long length) => length * config.LayerCount * CachedValues(config) * sizeof(float);

    private static double VectorLength(DecoderConfig config, int layer)
    {
        double heads = (config.HeadCount + (2.0 * config.KeyValueHeadCount)) * config.HeadSize;
        double inside = config.HasExperts(layer)
            ? (config.Experts!.TopK * (config.Experts.IntermediateSize + config.HiddenSize)) + config.Experts.SharedIntermediateSize + config.Experts.ExpertCount
            : config.IntermediateSize;
        return (4.0 * config.HiddenSize) + heads + inside;
    }
}
