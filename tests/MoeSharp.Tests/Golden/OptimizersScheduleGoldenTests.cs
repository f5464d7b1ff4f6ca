using System.Text.Json;
using MoeSharp.Training.Schedules;

namespace MoeSharp.Tests.Golden;

/// <summary>Every learning-rate case of the numerics reference (transformers 5.23, torch 2.15).</summary>
public sealed class OptimizersScheduleGoldenTests
{
    public static TheoryData<string> Cases
    {
        get
        {
            using JsonDocument document = Open();
            return [.. document.RootElement.GetProperty("cases").EnumerateArray()
                .Select(entry => entry.GetProperty("name").GetString()!)];
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_factor_equals_the_reference(string name)
    {
        using JsonDocument document = Open();
        JsonElement golden = document.RootElement.GetProperty("cases").EnumerateArray()
            .Single(entry => entry.GetProperty("name").GetString() == name);
        LearningRateSchedule schedule = Build(name, golden.GetProperty("params"));

        int step = 0;
        foreach (JsonElement factor in golden.GetProperty("factor_at_step").EnumerateArray())
        {
            schedule.Factor(step).ShouldBe(factor.GetDouble(), 1e-9, $"{name}, step {step}");
            step++;
        }

        step.ShouldBeGreaterThan(10);
    }

    private static LearningRateSchedule Build(string name, JsonElement options)
    {
        double Number(string key, double otherwise) =>
            options.TryGetProperty(key, out JsonElement value) ? value.GetDouble() : otherwise;
        long Whole(string key) => options.GetProperty(key).GetInt64();
        RampShape Shape(string key) => !options.TryGetProperty(key, out JsonElement value)
            ? RampShape.Linear
            : value.GetString() switch
            {
                "linear" => RampShape.Linear,
                "cosine" => RampShape.Cosine,
                "1-sqrt" => RampShape.OneMinusSqrt,
                string other => throw new InvalidOperationException($"{name}: shape {other}."),
                null => throw new InvalidOperationException($"{name}: no shape."),
            };

        double minimum = Number("min_lr_rate", Number("min_lr_ratio", 0));
        Warmup warmup = options.TryGetProperty("warmup", out JsonElement steps)
            ? new Warmup(
                steps.GetInt64(),
                name.StartsWith("wsd", StringComparison.Ordinal) ? minimum : 0,
                Shape("warmup_type"),
                CountsFromZero: true)
            : Warmup.None;
        return name switch
        {
            _ when name.StartsWith("wsd", StringComparison.Ordinal) =>
                new WarmupStableDecaySchedule(Whole("stable"), Whole("decay"), minimum, Shape("decay_type")) { Warmup = warmup },
            _ when name.StartsWith("cosine", StringComparison.Ordinal) =>
                new DecaySchedule(Whole("total"), minimum)
                {
                    Warmup = warmup,
                    Cycles = Number("cycles", 0.5),
                    FollowsPastEnd = true,
                },
            _ when name.StartsWith("linear", StringComparison.Ordinal) =>
                new DecaySchedule(Whole("total"), minimum, RampShape.Linear) { Warmup = warmup },
            _ when name.StartsWith("constant", StringComparison.Ordinal) => new ConstantSchedule { Warmup = warmup },
            _ when name.StartsWith("inverse_sqrt", StringComparison.Ordinal) =>
                new InverseSqrtSchedule(options.TryGetProperty("timescale", out JsonElement scale) ? scale.GetInt64() : null)
                {
                    Warmup = warmup,
                },
            _ when name.StartsWith("torch_cosine_annealing", StringComparison.Ordinal) =>
                new DecaySchedule(Whole("T_max"), Number("eta_min", 0)) { FollowsPastEnd = true },
            _ => throw new InvalidOperationException($"{name}: a schedule this test does not know."),
        };
    }

    private static JsonDocument Open() => JsonDocument.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "numerics", "schedules.json")));
}
