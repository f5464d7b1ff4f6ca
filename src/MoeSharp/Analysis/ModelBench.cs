using System.Diagnostics;
using MoeSharp.Inference;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Training;

namespace MoeSharp.Analysis;

/// <summary>Speeds of a whole model, as shares of what the machine can do: a training step, and decode.</summary>
/// <remarks>
/// The model: hidden size 256, 4 layers, 4 heads, experts of 512, top-2, vocabulary 4096, fresh weights. A training step has 8
/// sequences of 256 random tokens and AdamW; it counts 6 × active parameters × tokens, plus causal attention.
/// </remarks>
public static class ModelBench
{
    private const int Batch = 8;
    private const int Sequence = 256;
    private const int Vocabulary = 4096;

    /// <summary><c>training.step</c> (8 experts) and <c>training.step.64</c>, with two threads.</summary>
    public static IReadOnlyList<BenchResult> TrainingSteps(MachinePeaks peaks) =>
    [
        TrainingStep("training.step", expertCount: 8, peaks),
        TrainingStep("training.step.64", expertCount: 64, peaks),
    ];

    /// <summary><c>decode</c>: tokens a second of one sequence with float32 weights; the share is of memory bandwidth.</summary>
    public static IReadOnlyList<BenchResult> Decode(MachinePeaks peaks)
    {
        using var workers = new Workers(2);
        var decoder = Decoder.Create(Config(8), seed: 1);
        using var session = new Session(decoder, workers, capacity: Sequence);
        int[] token = [1];
        session.Read(token);
        const int count = 64;
        double seconds = double.MaxValue;
        for (int run = 0; run < 3; run++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < count; i++)
            {
                token[0] = (i * 37) % Vocabulary;
                session.Read(token);
            }

            seconds = Math.Min(seconds, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        double speed = count / seconds;
        double bytes = 4.0 * decoder.Config.CountParameters().Active;
        return [new BenchResult("decode", speed, "tokens/s", "bandwidthGBs.t2", speed * bytes / 1e9 / peaks.BandwidthGBs.T2)];
    }

    /// <summary>Floating-point operations of one training step of the benchmark's model.</summary>
    public static double StepFlops(int expertCount)
    {
        DecoderConfig config = Config(expertCount);
        const double tokens = Batch * Sequence;
        double attention = config.LayerCount * 3.0 * 4.0 * tokens * (Sequence / 2.0) * config.HeadCount * config.HeadSize;
        return (6.0 * config.CountParameters().Active * tokens) + attention;
    }

    /// <summary>A trainer over random tokens, ready to step.</summary>
    public static Trainer CreateTrainer(int expertCount, Workers workers)
    {
        var rng = new Rng(7);
        const int tokens = Batch * Sequence;
        int[] inputs = new int[tokens], targets = new int[tokens];
        for (int i = 0; i < tokens; i++)
        {
            inputs[i] = rng.NextInt(Vocabulary);
            targets[i] = rng.NextInt(Vocabulary);
        }

        SequenceLayout layout = SequenceLayout.Uniform(Batch, Sequence);
        var batches = new ListedBatches([new TrainingBatch(inputs, targets, layout)], Repeats: true);
        var config = new TrainingConfig { StepCount = long.MaxValue / 2, BatchSize = Batch, SequenceLength = Sequence, SaveEvery = 0 };
        return new Trainer(new TrainableDecoder(Decoder.Create(Config(expertCount), seed: 1)), config, batches, workers: workers);
    }

    private static BenchResult TrainingStep(string name, int expertCount, MachinePeaks peaks)
    {
        using var workers = new Workers(2);
        using Trainer trainer = CreateTrainer(expertCount, workers);
        double seconds = BestTime.Of(() => trainer.Step(), runs: 5, seconds: 4);
        double speed = StepFlops(expertCount) / seconds / 1e9;
        return new BenchResult(name, speed, "GFLOP/s", "float32Gflops.t2", speed / peaks.Float32Gflops.T2);
    }

    private static DecoderConfig Config(int expertCount) => new()
    {
        VocabularySize = Vocabulary,
        HiddenSize = 256,
        LayerCount = 4,
        HeadCount = 4,
        KeyValueHeadCount = 4,
        HeadSize = 64,
        IsTied = false,
        Experts = new ExpertsConfig { ExpertCount = expertCount, TopK = 2, IntermediateSize = 512, BalanceCoefficient = 0.01f },
    };
}
