using MoeSharp.Analysis.Planning;
using MoeSharp.Inference;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis;

/// <summary>Speeds of a synthetic model, beside what was predicted for it before the run.</summary>
/// <param name="Config">Its shape.</param>
/// <param name="Format">How matrices are stored.</param>
/// <param name="WeightBytes">Bytes of its weights.</param>
/// <param name="Prompt">Tokens of the prompt, which decode looks back at.</param>
/// <param name="Predicted">Predicted before the run.</param>
public sealed record SyntheticBench(DecoderConfig Config, BlockFormat Format, long WeightBytes, int Prompt, SpeedPrediction Predicted)
{
    private const int DecodeTokens = 24;
    private const int Repeats = 3;

    /// <summary>Tokens a second of decode, as measured: of the median token.</summary>
    public double DecodeTokensPerSecond { get; private set; }

    /// <summary>Tokens a second of reading the prompt, as measured: the best of three.</summary>
    public double PrefillTokensPerSecond { get; private set; }

    /// <summary>Predicts.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="format">How matrices are stored.</param>
    /// <param name="machine">The machine, measured now.</param>
    /// <param name="prompt">Tokens of the prompt.</param>
    public static SyntheticBench Plan(DecoderConfig config, BlockFormat format, MachineSpeed machine, int prompt)
    {
        IReadOnlyList<PlannedWeight> weights = PlannedWeight.ListOf(config);
        BlockFormat Of(PlannedWeight weight) => StorageRule.FormatOf(weight, format);
        SpeedPrediction predicted = SpeedModel.Predict(config, weights, Of, machine, prompt + (DecodeTokens / 2), prompt);
        return new SyntheticBench(config, format, weights.Sum(weight => Of(weight).BytesOf(weight.Shape.Length)), prompt, predicted);
    }

    /// <summary>Makes the model and measures.</summary>
    /// <param name="workers">Threads.</param>
    /// <param name="processorTime">True to count the processor's time, with one thread (<see cref="BestTime.Of"/>).</param>
    /// <param name="cancellation">Ends it between tokens.</param>
    public void Run(Workers workers, bool processorTime = false, CancellationToken cancellation = default)
    {
        Decoder decoder = SyntheticModel.Create(Config, Format);
        var rng = new Rng(5);
        int[] ids = new int[Prompt];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = rng.NextInt(Config.VocabularySize);
        }

        using var session = new Session(decoder, workers, capacity: Prompt + DecodeTokens);
        session.Read(ids.AsSpan(0, Math.Min(16, Prompt)), cancellation: cancellation); // pages and code
        double best = double.MaxValue;
        for (int run = 0; run < Repeats; run++)
        {
            session.Truncate(0);
            best = Math.Min(best, BestTime.Once(() => session.Read(ids, cancellation: cancellation), processorTime));
        }

        PrefillTokensPerSecond = Prompt / best;
        double[] times = new double[DecodeTokens];
        for (int i = 0; i < DecodeTokens; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] one = [rng.NextInt(Config.VocabularySize)];
            times[i] = BestTime.Once(() => session.Read(one), processorTime);
        }

        Array.Sort(times);
        DecodeTokensPerSecond = 1 / times[DecodeTokens / 2];
    }
}
