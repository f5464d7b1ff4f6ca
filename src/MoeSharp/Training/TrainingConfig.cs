using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Training.Optimizers;
using MoeSharp.Training.Schedules;

namespace MoeSharp.Training;

/// <summary>Everything that decides how a model is trained, beside the model and the text.</summary>
/// <remarks>
/// A value, saved with every checkpoint. In JSON each property has its name in camelCase. <see cref="Validate"/> and
/// <see cref="Read"/> report all faults at once.
/// </remarks>
public sealed record TrainingConfig
{
    /// <summary>Optimiser steps of the run.</summary>
    public long StepCount { get; init; } = 1000;

    /// <summary>Sequences of one micro-batch.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Tokens of one sequence.</summary>
    public int SequenceLength { get; init; } = 256;

    /// <summary>Micro-batches of one optimiser step.</summary>
    /// <value>1. Balance losses hold for each micro-batch, expert biases for the whole step.</value>
    public int AccumulationCount { get; init; } = 1;

    /// <summary>The optimiser.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.AdamW;

    /// <summary>η at its height.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>The shape of η.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Steps of linear warm-up.</summary>
    public long WarmupStepCount { get; init; } = 100;

    /// <summary>Steps of the fall at the end of a warm-up-stable-decay schedule.</summary>
    /// <value>0 takes a fifth of the run.</value>
    public long DecayStepCount { get; init; }

    /// <summary>The curve of that fall.</summary>
    public RampShape DecayShape { get; init; } = RampShape.OneMinusSqrt;

    /// <summary>η at the end of the run as a share of its height.</summary>
    public double MinimumRatio { get; init; } = 0.1;

    /// <summary>β₁ of Adam, momentum of the others.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>β₂ of Adam, α of RMSprop.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>ε of the optimiser.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>λ.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Which parameters decay: <c>standard</c> (no norms, biases, routers), <c>matrices</c>, <c>all</c> or <c>none</c>.</summary>
    public string DecayRule { get; init; } = "standard";

    /// <summary>The largest gradient norm.</summary>
    /// <value>1; 0 for no clipping.</value>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Seed of everything random.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Steps between measurements on held-out text; 0 for none but the last.</summary>
    public long EvaluateEvery { get; init; } = 250;

    /// <summary>Steps between checkpoints; 0 for none but the last.</summary>
    public long SaveEvery { get; init; } = 250;

    /// <summary>Checkpoints that stay on disk.</summary>
    public int KeptCheckpointCount { get; init; } = 2;

    /// <summary>Reads a JSON object; adds its faults, unknown keys included, to those of <paramref name="json"/>.</summary>
    /// <param name="json">The object; the caller ends the pass with <see cref="JsonConfig.ThrowIfFaulty"/>.</param>
    public static TrainingConfig Read(JsonConfig json) => TrainingConfigJson.Read(json);

    /// <summary>Writes all properties into an open object.</summary>
    /// <param name="json">Inside an object.</param>
    public void Write(Utf8JsonWriter json) => TrainingConfigJson.Write(this, json);

    /// <summary>Throws when something is wrong.</summary>
    /// <returns>This configuration.</returns>
    /// <exception cref="ConfigException">At least one value is out of range; the message has all of them.</exception>
    public TrainingConfig Validate()
    {
        ConfigException.ThrowIfAny(nameof(TrainingConfig), Faults());
        return this;
    }

    /// <summary>All that is wrong, one sentence each.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        Require(faults, StepCount >= 1, nameof(StepCount), StepCount, "at least 1");
        Require(faults, BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
        Require(faults, SequenceLength >= 2, nameof(SequenceLength), SequenceLength, "at least 2");
        Require(faults, AccumulationCount >= 1, nameof(AccumulationCount), AccumulationCount, "at least 1");
        Require(faults, LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "greater than 0");
        Require(faults, WarmupStepCount >= 0, nameof(WarmupStepCount), WarmupStepCount, "at least 0");
        if (WarmupStepCount > StepCount)
        {
            faults.Add($"WarmupStepCount must be at most StepCount ({StepCount}), got {WarmupStepCount}.");
        }

        if (DecayStepCount < 0 || DecayStepCount > Math.Max(0, StepCount - WarmupStepCount))
        {
            faults.Add("DecayStepCount must be between 0 and the steps after the warm-up "
                + $"({Math.Max(0, StepCount - WarmupStepCount)}), got {DecayStepCount}. 0 takes a fifth of the run.");
        }

        Require(faults, MinimumRatio is >= 0 and <= 1, nameof(MinimumRatio), MinimumRatio, "between 0 and 1");
        Require(faults, Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "at least 0 and below 1");
        Require(faults, Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "at least 0 and below 1");
        Require(faults, Epsilon is >= 0 and < 1, nameof(Epsilon), Epsilon, "at least 0 and below 1");
        Require(faults, WeightDecay >= 0 && double.IsFinite(WeightDecay), nameof(WeightDecay), WeightDecay, "at least 0");
        if (FindRule() is null)
        {
            faults.Add($"DecayRule must be one of {string.Join(", ", Optimizers.DecayRule.Named)}, got '{DecayRule}'.");
        }

        Require(faults, ClipNorm >= 0, nameof(ClipNorm), ClipNorm, "at least 0 (0 for no clipping)");
        Require(faults, EvaluateEvery >= 0, nameof(EvaluateEvery), EvaluateEvery, "at least 0");
        Require(faults, SaveEvery >= 0, nameof(SaveEvery), SaveEvery, "at least 0");
        Require(faults, KeptCheckpointCount >= 1, nameof(KeptCheckpointCount), KeptCheckpointCount, "at least 1");
        return faults;
    }

    /// <summary>The learning-rate factors of this run.</summary>
    public LearningRateSchedule CreateSchedule()
    {
        var warmup = new Warmup(WarmupStepCount);
        long decay = DecayStepCount > 0 ? DecayStepCount : Math.Min(StepCount / 5, StepCount - WarmupStepCount);
        return Schedule switch
        {
            ScheduleKind.Cosine => new DecaySchedule(StepCount, MinimumRatio) { Warmup = warmup },
            ScheduleKind.Linear => new DecaySchedule(StepCount, MinimumRatio, RampShape.Linear) { Warmup = warmup },
            ScheduleKind.Constant => new ConstantSchedule { Warmup = warmup },
            ScheduleKind.InverseSqrt => new InverseSqrtSchedule { Warmup = warmup },
            _ => new WarmupStableDecaySchedule(
                StepCount - WarmupStepCount - decay, decay, MinimumRatio, DecayShape)
            { Warmup = warmup },
        };
    }

    /// <summary>The optimiser of this run.</summary>
    /// <param name="parameters">What it moves.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    public Optimizer CreateOptimizer(IReadOnlyList<Parameter> parameters, Workers? workers = null)
    {
        Validate();
        var decay = new WeightDecay(WeightDecay, FindRule()!);
        return Optimizer switch
        {
            OptimizerKind.Sgd => new Sgd(parameters, Beta1, decay: decay, workers: workers),
            OptimizerKind.Nesterov => new Sgd(parameters, Beta1, nesterov: true, decay: decay, workers: workers),
            OptimizerKind.Adagrad => new Adagrad(parameters, Epsilon, decay: decay, workers: workers),
            OptimizerKind.RmsProp => new RmsProp(parameters, Beta2, Epsilon, decay: decay, workers: workers),
            _ => new AdamW(
                parameters,
                decay,
                new AdamOptions
                {
                    Beta1 = Beta1,
                    Beta2 = Beta2,
                    Epsilon = Epsilon,
                    AmsGrad = Optimizer == OptimizerKind.AmsGrad,
                    DecoupledDecay = Optimizer != OptimizerKind.Adam,
                },
                workers),
        };
    }

    private static void Require<T>(List<string> faults, bool holds, string name, T value, string allowed)
    {
        if (!holds)
        {
            faults.Add($"{name} must be {allowed}, got {value}.");
        }
    }

    private DecayRule? FindRule() => Optimizers.DecayRule.Named.FirstOrDefault(rule => rule.Name == DecayRule);
}
