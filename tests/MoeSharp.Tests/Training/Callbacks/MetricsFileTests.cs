using System.Text.Json;
using MoeSharp.Formats.Checkpoints;
using MoeSharp.Training;
using MoeSharp.Training.Callbacks;

namespace MoeSharp.Tests.Training.Callbacks;

public sealed class MetricsFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moe-metrics-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_step_stands_once_even_when_a_killed_run_goes_on()
    {
        string path = Path.Combine(_folder, "metrics.jsonl");
        var config = new TrainingConfig { StepCount = 6, WarmupStepCount = 1, SaveEvery = 4, EvaluateEvery = 3 };
        var heldOut = new HeldOutData(BigramModel.RandomBatches(1, seed: 2), 3);
        using (CheckpointStore store = CheckpointStore.Open(Path.Combine(_folder, "checkpoints")))
        using (var metrics = new MetricsFile(path))
        using (var trainer = new Trainer(new BigramModel(), config with { StepCount = 4 }, BigramModel.RandomBatches(6), heldOut, store, [metrics]))
        {
            trainer.Run(TestContext.Current.CancellationToken);
        }

        // What a run that was killed after step 5 leaves: lines past its last checkpoint, the last one cut short.
        File.AppendAllText(path, "{\"step\":5,\"crossEntropy\":1.5}\n{\"step\":6,\"cros");
        using (CheckpointStore store = CheckpointStore.Open(Path.Combine(_folder, "checkpoints")))
        using (var metrics = new MetricsFile(path))
        using (var trainer = new Trainer(new BigramModel(), config, BigramModel.RandomBatches(6), heldOut, store, [metrics]))
        {
            trainer.Run(TestContext.Current.CancellationToken);
        }

        JsonElement[] lines = [.. File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement)];
        lines.Where(line => line.TryGetProperty("crossEntropy", out _)).Select(line => line.GetProperty("step").GetInt64())
            .ShouldBe([1, 2, 3, 4, 5, 6]);
        lines.Where(line => line.TryGetProperty("bitsPerByte", out _)).Select(line => line.GetProperty("step").GetInt64())
            .ShouldBe([3, 4, 6]);
        lines[0].TryGetProperty("balance", out _).ShouldBeFalse(); // a dense model has none
        lines[0].GetProperty("gradientNorm").GetDouble().ShouldBeGreaterThan(0);
    }
}
