using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Training.Schedules;

namespace MoeSharp.Training;

/// <summary>How a <see cref="TrainingConfig"/> stands in JSON: every property under its name in camelCase.</summary>
internal static class TrainingConfigJson
{
    private static readonly (ScheduleKind Kind, string Word)[] s_schedules =
    [
        (ScheduleKind.Cosine, "cosine"),
        (ScheduleKind.Linear, "linear"),
        (ScheduleKind.Constant, "constant"),
        (ScheduleKind.InverseSqrt, "inverse-sqrt"),
        (ScheduleKind.WarmupStableDecay, "wsd"),
    ];

    private static readonly (RampShape Kind, string Word)[] s_shapes =
    [
        (RampShape.Linear, "linear"),
        (RampShape.Cosine, "cosine"),
        (RampShape.OneMinusSqrt, "1-sqrt"),
    ];

    private static readonly (OptimizerKind Kind, string Word)[] s_optimizers =
    [
        (OptimizerKind.AdamW, "adamw"),
        (OptimizerKind.Adam, "adam"),
        (OptimizerKind.AmsGrad, "amsgrad"),
        (OptimizerKind.Sgd, "sgd"),
        (OptimizerKind.Nesterov, "nesterov"),
        (OptimizerKind.Adagrad, "adagrad"),
        (OptimizerKind.RmsProp, "rmsprop"),
    ];

    /// <summary>Reads all properties, and notes faults, unknown keys included.</summary>
    public static TrainingConfig Read(JsonConfig json)
    {
        var standard = new TrainingConfig();
        int before = json.Faults.Count;
        var config = new TrainingConfig
        {
            StepCount = json.GetIntOr("stepCount", (int)standard.StepCount),
            BatchSize = json.GetIntOr("batchSize", standard.BatchSize),
            SequenceLength = json.GetIntOr("sequenceLength", standard.SequenceLength),
            AccumulationCount = json.GetIntOr("accumulationCount", standard.AccumulationCount),
            Optimizer = Word(json, "optimizer", s_optimizers),
            LearningRate = json.GetDoubleOr("learningRate", standard.LearningRate),
            Schedule = Word(json, "schedule", s_schedules),
            WarmupStepCount = json.GetIntOr("warmupStepCount", (int)standard.WarmupStepCount),
            DecayStepCount = json.GetIntOr("decayStepCount", (int)standard.DecayStepCount),
            DecayShape = Word(json, "decayShape", s_shapes, standard.DecayShape),
            MinimumRatio = json.GetDoubleOr("minimumRatio", standard.MinimumRatio),
            Beta1 = json.GetDoubleOr("beta1", standard.Beta1),
            Beta2 = json.GetDoubleOr("beta2", standard.Beta2),
            Epsilon = json.GetDoubleOr("epsilon", standard.Epsilon),
            WeightDecay = json.GetDoubleOr("weightDecay", standard.WeightDecay),
            DecayRule = json.GetStringOr("decayRule", standard.DecayRule),
            ClipNorm = json.GetDoubleOr("clipNorm", standard.ClipNorm),
            Seed = ReadSeed(json, standard.Seed),
            EvaluateEvery = json.GetIntOr("evaluateEvery", (int)standard.EvaluateEvery),
            SaveEvery = json.GetIntOr("saveEvery", (int)standard.SaveEvery),
            KeptCheckpointCount = json.GetIntOr("keptCheckpointCount", standard.KeptCheckpointCount),
        };

        // A key of the wrong type reads as zero; its range is not a second fault.
        bool typesAreRight = json.Faults.Count == before;
        foreach (string key in json.UnreadKeys)
        {
            json.AddFault($"{key} is not a key of the training configuration. Check its spelling.");
        }

        foreach (string fault in typesAreRight ? config.Faults() : [])
        {
            json.AddFault(json.Prefix + char.ToLowerInvariant(fault[0]) + fault[1..]);
        }

        return config;
    }

    /// <summary>Writes all properties into an open object.</summary>
    public static void Write(TrainingConfig config, Utf8JsonWriter json)
    {
        json.WriteNumber("stepCount", config.StepCount);
        json.WriteNumber("batchSize", config.BatchSize);
        json.WriteNumber("sequenceLength", config.SequenceLength);
        json.WriteNumber("accumulationCount", config.AccumulationCount);
        json.WriteString("optimizer", WordOf(config.Optimizer, s_optimizers));
        json.WriteNumber("learningRate", config.LearningRate);
        json.WriteString("schedule", WordOf(config.Schedule, s_schedules));
        json.WriteNumber("warmupStepCount", config.WarmupStepCount);
        json.WriteNumber("decayStepCount", config.DecayStepCount);
        json.WriteString("decayShape", WordOf(config.DecayShape, s_shapes));
        json.WriteNumber("minimumRatio", config.MinimumRatio);
        json.WriteNumber("beta1", config.Beta1);
        json.WriteNumber("beta2", config.Beta2);
        json.WriteNumber("epsilon", config.Epsilon);
        json.WriteNumber("weightDecay", config.WeightDecay);
        json.WriteString("decayRule", config.DecayRule);
        json.WriteNumber("clipNorm", config.ClipNorm);
        json.WriteNumber("seed", config.Seed);
        json.WriteNumber("evaluateEvery", config.EvaluateEvery);
        json.WriteNumber("saveEvery", config.SaveEvery);
        json.WriteNumber("keptCheckpointCount", config.KeptCheckpointCount);
    }

    private static ulong ReadSeed(JsonConfig json, ulong absent)
    {
        if (!json.TryGetElement("seed", out JsonElement value))
        {
            return absent;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong seed))
        {
            return seed;
        }

        json.AddFault($"{json.Prefix}seed must be a whole number from 0 to 2^64 - 1, got {value.GetRawText()}.");
        return absent;
    }

    private static T Word<T>(JsonConfig json, string key, (T Kind, string Word)[] words, T absent = default)
        where T : struct, Enum
    {
        string? word = json.GetOptionalString(key);
        if (word is null)
        {
            return absent;
        }

        foreach ((T kind, string known) in words)
        {
            if (known == word)
            {
                return kind;
            }
        }

        json.AddFault($"{json.Prefix}{key} must be one of {string.Join(", ", words.Select(entry => entry.Word))}, got '{word}'.");
        return absent;
    }

    private static string WordOf<T>(T kind, (T Kind, string Word)[] words)
        where T : struct, Enum => words.First(entry => entry.Kind.Equals(kind)).Word;
}
