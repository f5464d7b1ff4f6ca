using MoeSharp.Formats;
using MoeSharp.Formats.Checkpoints;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Training;

namespace MoeSharp.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moe-trainer-").FullName;

    private static readonly TrainingConfig s_config = new()
    {
        StepCount = 12,
        WarmupStepCount = 2,
        LearningRate = 0.1,
        SaveEvery = 4,
        EvaluateEvery = 6,
        AccumulationCount = 2,
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_run_learns_and_reports_every_step()
    {
        var model = new BigramModel();
        var watch = new Recorder();
        using var trainer = new Trainer(
            model, s_config, BigramModel.RandomBatches(24), new HeldOutData(BigramModel.RandomBatches(2, seed: 4), 2), null, [watch]);

        TrainingResult result = trainer.Run(TestContext.Current.CancellationToken);

        result.Reason.ShouldBe(StopReason.Finished);
        result.CheckpointFolder.ShouldBeNull();
        watch.Steps.ShouldBe(Enumerable.Range(1, 12).Select(step => (long)step));
        watch.Losses[^1].ShouldBeLessThan(watch.Losses[0] - 0.5);
        watch.Evaluations.Select(report => report.Step).ShouldBe([6, 12]);
        watch.Evaluations[1].IsBest.ShouldBeTrue();
        watch.Evaluations[1].BitsPerByte.ShouldBe(watch.Evaluations[1].Loss / Math.Log(2) / 2, 1e-12);
        model.Buffers[0].Value.Span[0].ShouldBe(12);
        result.State.MicroBatch.ShouldBe(24);
        model.NoiseSeen.Distinct().Count().ShouldBe(24);
    }

    [Fact]
    public void Save_load_continue_equals_never_stopped_bit_for_bit()
    {
        var straight = new BigramModel();
        using (var trainer = new Trainer(straight, s_config, BigramModel.RandomBatches(24)))
        {
            trainer.Run(TestContext.Current.CancellationToken);
        }

        // Three lives: cancelled after 5 steps, after 9, then to the end; each starts from another random table.
        float[] noise = [];
        for (int life = 0; life < 3; life++)
        {
            var model = new BigramModel(seed: 100 + (ulong)life);
            if (life == 0)
            {
                new BigramModel().Parameters[0].Value.Span.CopyTo(model.Parameters[0].Value.Span);
            }

            using var cancel = new CancellationTokenSource();
            using CheckpointStore store = CheckpointStore.Open(_folder);
            int last = life switch { 0 => 5, 1 => 9, _ => int.MaxValue };
            using var trainer = new Trainer(
                model, s_config, BigramModel.RandomBatches(24), store: store, callbacks: [new Recorder { StopAt = last, Cancel = cancel }]);
            TrainingResult result = trainer.Run(cancel.Token);
            result.Reason.ShouldBe(life == 2 ? StopReason.Finished : StopReason.Cancelled);
            noise = model.Parameters[0].Value.ToArray();
            model.Buffers[0].Value.Span[0].ShouldBe(life == 2 ? 12 : last);
        }

        noise.ShouldBe(straight.Parameters[0].Value.ToArray());
    }

    [Fact]
    public void A_cancelled_run_says_where_it_is_saved_and_how_to_go_on()
    {
        using var cancel = new CancellationTokenSource();
        using CheckpointStore store = CheckpointStore.Open(_folder);
        using var trainer = new Trainer(
            new BigramModel(), s_config, BigramModel.RandomBatches(24), store: store, callbacks: [new Recorder { StopAt = 3, Cancel = cancel }]);

        TrainingResult result = trainer.Run(cancel.Token);

        result.Describe(12).ShouldBe(
            $"Stopped after step 3 of 12. Saved in {Path.Combine(_folder, "step-00000003")}. Run the same command again to go on.");
    }

    [Fact]
    public void Accumulated_gradients_are_those_of_the_mean_over_all_counted_targets()
    {
        ListedBatches batches = BigramModel.RandomBatches(2);
        var accumulated = new BigramModel();
        var config = new TrainingConfig { StepCount = 1, WarmupStepCount = 0, AccumulationCount = 2, ClipNorm = 0 };
        using (var trainer = new Trainer(accumulated, config, batches))
        {
            trainer.Step();
        }

        // The same two batches as one.
        int[] inputs = [.. batches.Batches.SelectMany(batch => batch.Inputs.ToArray())];
        int[] targets = [.. batches.Batches.SelectMany(batch => batch.Targets.ToArray())];
        var whole = new BigramModel();
        using (var trainer = new Trainer(
            whole, config with { AccumulationCount = 1 }, new ListedBatches([new TrainingBatch(inputs, targets, SequenceLayout.Uniform(2, 12))])))
        {
            trainer.Step();
        }

        float[] a = accumulated.Parameters[0].Gradient!.ToArray(), b = whole.Parameters[0].Gradient!.ToArray();
        for (int i = 0; i < a.Length; i++)
        {
            a[i].ShouldBe(b[i], 1e-6f);
        }
    }

    [Fact]
    public void A_failed_save_is_one_clear_fault_and_the_older_checkpoint_stays()
    {
        var model = new BigramModel();
        using CheckpointStore store = CheckpointStore.Open(_folder);
        int saves = 0;
        model.OnSave = () =>
        {
            if (++saves == 2)
            {
                throw new IOException("model.safetensors: the disk is full: 1,000 bytes are wanted, 10 are free.");
            }
        };
        using var trainer = new Trainer(model, s_config, BigramModel.RandomBatches(24), store: store);

        Should.Throw<IOException>(() => trainer.Run(TestContext.Current.CancellationToken)).Message.ShouldContain("the disk is full");

        Path.GetFileName(store.FindLast()).ShouldBe("step-00000004");
        Directory.EnumerateDirectories(_folder, "*.moe-tmp").ShouldBeEmpty();
    }

    [Fact]
    public void A_checkpoint_of_another_shape_is_refused_in_one_line_and_nothing_changes()
    {
        using CheckpointStore store = CheckpointStore.Open(_folder);
        using (var trainer = new Trainer(new BigramModel(), s_config, BigramModel.RandomBatches(24), store: store))
        {
            trainer.Run(TestContext.Current.CancellationToken);
        }

        var other = new BigramModel(vocabulary: 9);
        float[] before = other.Parameters[0].Value.ToArray();
        using var wrong = new Trainer(other, s_config, BigramModel.RandomBatches(24), store: store);

        ModelFormatException fault = Should.Throw<ModelFormatException>(() => wrong.Run(TestContext.Current.CancellationToken));
        fault.Message.ShouldContain(
            "optimizer.safetensors, tensor 'table.weight.mean'");
        fault.Message.ShouldContain("has shape [8, 8], the model of this run needs [9, 9]. The checkpoint is of another model");
        fault.Message.ShouldNotContain("\n");
        other.Parameters[0].Value.ToArray().ShouldBe(before);
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_the_run_and_says_what_helps()
    {
        var model = new BigramModel();
        model.Parameters[0].Value.Fill(float.NaN);
        using var trainer = new Trainer(model, s_config, BigramModel.RandomBatches(24));

        Should.Throw<ArithmeticException>(() => trainer.Run(TestContext.Current.CancellationToken)).Message.ShouldStartWith("training: step 1: the loss is NaN");
    }

    [Fact]
    public void Data_that_ends_ends_the_run()
    {
        using var trainer = new Trainer(new BigramModel(), s_config, BigramModel.RandomBatches(7));

        TrainingResult result = trainer.Run(TestContext.Current.CancellationToken);

        result.Reason.ShouldBe(StopReason.DataEnded);
        result.State.Step.ShouldBe(3);
    }

    private sealed class Recorder : ITrainingCallback
    {
        public List<long> Steps { get; } = [];

        public List<double> Losses { get; } = [];

        public List<EvaluationReport> Evaluations { get; } = [];

        public int StopAt { get; init; } = int.MaxValue;

        public CancellationTokenSource? Cancel { get; init; }

        public void OnStep(StepReport report)
        {
            Steps.Add(report.Step);
            Losses.Add(report.CrossEntropy);
            if (report.Step == StopAt)
            {
                Cancel!.Cancel();
            }
        }

        public void OnEvaluated(EvaluationReport report) => Evaluations.Add(report);
    }
}
