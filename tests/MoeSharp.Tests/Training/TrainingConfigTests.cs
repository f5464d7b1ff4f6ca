using System.Text;
using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Training;
using MoeSharp.Training.Optimizers;
using MoeSharp.Training.Schedules;

namespace MoeSharp.Tests.Training;

public sealed class TrainingConfigTests
{
    [Fact]
    public void The_defaults_are_valid() => new TrainingConfig().Validate().ShouldNotBeNull();

    [Fact]
    public void All_faults_are_reported_at_once()
    {
        var config = new TrainingConfig { StepCount = 0, LearningRate = -1, Beta2 = 1, DecayRule = "some", WarmupStepCount = 5 };

        ConfigException fault = Should.Throw<ConfigException>(() => config.Validate());

        fault.Faults.ShouldBe(
        [
            "StepCount must be at least 1, got 0.",
            "LearningRate must be greater than 0, got -1.",
            "WarmupStepCount must be at most StepCount (0), got 5.",
            "Beta2 must be at least 0 and below 1, got 1.",
            "DecayRule must be one of standard, matrices, all, none, got 'some'.",
        ]);
    }

    [Fact]
    public void Json_gives_the_same_values_back()
    {
        var config = new TrainingConfig
        {
            StepCount = 77,
            BatchSize = 3,
            SequenceLength = 19,
            AccumulationCount = 4,
            Optimizer = OptimizerKind.AmsGrad,
            LearningRate = 1.5e-3,
            Schedule = ScheduleKind.WarmupStableDecay,
            WarmupStepCount = 7,
            DecayStepCount = 11,
            DecayShape = RampShape.Cosine,
            MinimumRatio = 0.25,
            Beta1 = 0.8,
            Beta2 = 0.99,
            Epsilon = 1e-6,
            WeightDecay = 0.01,
            DecayRule = "matrices",
            ClipNorm = 0.5,
            Seed = ulong.MaxValue,
            EvaluateEvery = 5,
            SaveEvery = 6,
            KeptCheckpointCount = 7,
        };

        JsonConfig json = JsonConfig.Parse("recipe.json", Write(config));
        TrainingConfig.Read(json).ShouldBe(config);
        json.ThrowIfFaulty();
    }

    [Fact]
    public void Unknown_keys_wrong_words_and_wrong_ranges_are_faults_of_one_pass()
    {
        JsonConfig json = JsonConfig.Parse("recipe.json", Encoding.UTF8.GetBytes(
            """{"learnignRate": 1, "schedule": "cosinus", "stepCount": "many"}"""));
        TrainingConfig.Read(json);

        Should.Throw<ConfigException>(json.ThrowIfFaulty).Faults.ShouldBe(
        [
            "stepCount must be a whole number of 32 bits, got \"many\".",
            "schedule must be one of cosine, linear, constant, inverse-sqrt, wsd, got 'cosinus'.",
            "learnignRate is not a key of the training configuration. Check its spelling.",
        ]);

        json = JsonConfig.Parse("recipe.json", """{"batchSize": 0, "clipNorm": -1}"""u8);
        TrainingConfig.Read(json);
        Should.Throw<ConfigException>(json.ThrowIfFaulty).Faults.Count.ShouldBe(2);
    }

    [Fact]
    public void Every_optimiser_and_schedule_can_be_made()
    {
        foreach (OptimizerKind kind in Enum.GetValues<OptimizerKind>())
        {
            var parameter = new Parameter("w", Tensor.Zeros(new TensorShape(2, 2)));
            parameter.Value.GradientFor(out _).Fill(1);
            Optimizer optimizer = new TrainingConfig { Optimizer = kind }.CreateOptimizer([parameter]);
            optimizer.Step(0.1);
            parameter.Value.Span[0].ShouldBeLessThan(0, kind.ToString());
        }

        foreach (ScheduleKind kind in Enum.GetValues<ScheduleKind>())
        {
            LearningRateSchedule schedule = new TrainingConfig { Schedule = kind, StepCount = 100, WarmupStepCount = 10 }.CreateSchedule();
            schedule.Factor(9).ShouldBe(1, 1e-12, kind.ToString());
            schedule.Factor(99).ShouldBeInRange(0.1, 1);
        }
    }

    private static byte[] Write(TrainingConfig config)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            config.Write(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
