using MoeSharp.Experts.Balancing;
using MoeSharp.Formats.Checkpoints;
using MoeSharp.Formats.TensorBoard;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Training;
using MoeSharp.Training.Monitoring;
using MoeSharp.Training.Callbacks;

namespace MoeSharp.Tests.Training;

/// <summary>Small decoders trained for real: collapse and cure, expert biases, λ, files.</summary>
public sealed class TrainableDecoderTests : IDisposable
{
    private const int Vocabulary = 32;

    private readonly string _folder = Directory.CreateTempSubdirectory("moe-decoder-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Balance_switched_off_triggers_the_collapse_notice_and_a_healthy_run_does_not()
    {
        List<CollapseNotice> ill = Train(balance: 0), healthy = Train(balance: 0.02f);

        healthy.ShouldBeEmpty();
        ill.ShouldNotBeEmpty();
        ill[0].IsCollapsed.ShouldBeTrue();
        ill[0].Message.ShouldContain("collapsing");
    }

    [Fact]
    public void Expert_biases_move_once_a_step_by_the_counts_of_all_micro_batches()
    {
        Decoder decoder = Decoder.Create(Config(topK: 1, bias: true), seed: 3, new DecoderParts { Balance = new Balance() });
        var model = new TrainableDecoder(decoder);
        var config = new TrainingConfig { StepCount = 1, WarmupStepCount = 0, AccumulationCount = 3, LearningRate = 1e-9 };
        using var trainer = new Trainer(model, config, Batches(3));

        trainer.Step();

        model.Buffers.Count.ShouldBe(2); // one bias a layer
        for (int layer = 0; layer < 2; layer++)
        {
            long[] load = trainer.Balance.Load(layer).ToArray();
            load.Sum().ShouldBe(3 * 64);
            float[] bias = model.Buffers[layer].Value.ToArray();
            for (int expert = 0; expert < 8; expert++)
            {
                // One update of 0.001 against the load of the whole step; three updates would be seen.
                bias[expert].ShouldBe(0.001f * Math.Sign(24 - load[expert]), 1e-9f);
            }
        }
    }

    [Fact]
    public void A_steered_coefficient_is_part_of_the_checkpoint()
    {
        float[] lambdas = new float[2];
        for (int life = 0; life < 2; life++)
        {
            var loss = new LoadBalancingLoss { Coefficient = 1 };
            Decoder decoder = Decoder.Create(Config(topK: 2), seed: 3, new DecoderParts { Balance = new Balance(loss) });
            var model = new TrainableDecoder(decoder, sparsity: new SparsityControl(loss, topK: 2, expertCount: 8));
            using CheckpointStore store = CheckpointStore.Open(_folder);
            var config = new TrainingConfig { StepCount = 3 + life, WarmupStepCount = 1 };
            using var trainer = new Trainer(model, config, Batches(8), store: store);
            trainer.Run(TestContext.Current.CancellationToken);
            lambdas[life] = loss.Coefficient;
        }

        // Softmax scores are never zero, so λ grows by 1.2 a step; the second life goes on where the first ended.
        lambdas[0].ShouldBe(1e-8f * 1.2f * 1.2f * 1.2f, 1e-13f);
        lambdas[1].ShouldBe(lambdas[0] * 1.2f, 1e-13f);
    }

    [Fact]
    public void A_checkpoint_is_a_model_folder_that_loads_as_it_is()
    {
        Decoder decoder = Decoder.Create(Config(topK: 2), seed: 3);
        using CheckpointStore store = CheckpointStore.Open(_folder);
        var config = new TrainingConfig { StepCount = 2, WarmupStepCount = 1 };
        using var trainer = new Trainer(new TrainableDecoder(decoder), config, Batches(4), store: store);
        TrainingResult result = trainer.Run(TestContext.Current.CancellationToken);

        (Decoder loaded, _) = DecoderFolder.Load(result.CheckpointFolder!);

        foreach ((string name, Tensor value) in decoder.State)
        {
            loaded.State[name].ToArray().ShouldBe(value.ToArray(), name);
        }
    }

    [Fact]
    public void TensorBoard_files_hold_the_balance_of_every_layer_and_step()
    {
        Decoder decoder = Decoder.Create(Config(topK: 2), seed: 3);
        using (var log = new TensorBoardLog(_folder))
        using (var trainer = new Trainer(
            new TrainableDecoder(decoder),
            new TrainingConfig { StepCount = 3, WarmupStepCount = 1 },
            Batches(4),
            new HeldOutData(Batches(1), 1),
            callbacks: [log]))
        {
            trainer.Run(TestContext.Current.CancellationToken);
        }

        EventRecord[] events = [.. EventFileReader.Read(Directory.EnumerateFiles(_folder, "events.out.*").Single())];
        (long Step, float Value)[] vio = [.. events
            .SelectMany(record => record.Values.Where(value => value.Tag == "balance/layer.1/max_vio")
                .Select(value => (record.Step, value.Scalar!.Value)))];
        vio.Select(entry => entry.Step).ShouldBe([1, 2, 3]);
        vio.ShouldAllBe(entry => entry.Value >= 0 && entry.Value <= 3);
        events.SelectMany(record => record.Values).Count(value => value.Tag == "held_out/bits_per_byte").ShouldBe(1);
    }

    [Fact]
    public void A_steady_step_allocates_little()
    {
        Decoder decoder = Decoder.Create(Config(topK: 2), seed: 3);
        using var trainer = new Trainer(new TrainableDecoder(decoder), new TrainingConfig { StepCount = 100 }, Batches(2, repeats: true));
        for (int i = 0; i < 5; i++)
        {
            trainer.Step();
        }

        // Of this thread: other tests run beside it, and the helpers of Workers allocate nothing.
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
        {
            trainer.Step();
        }

        ((GC.GetAllocatedBytesForCurrentThread() - before) / 10).ShouldBeLessThan(1_000_000);
    }

    /// <summary>Trains a top-1 model at a high rate, where experts that lead take everything unless a loss holds them back.</summary>
    private static List<CollapseNotice> Train(float balance)
    {
        var notices = new List<CollapseNotice>();
        Decoder decoder = Decoder.Create(
            Config(topK: 1), seed: 3, new DecoderParts { Balance = Balance.Switch(balance) });
        var model = new TrainableDecoder(decoder);
        var config = new TrainingConfig { StepCount = 80, WarmupStepCount = 5, LearningRate = 1e-2, Schedule = ScheduleKind.Constant };
        using var trainer = new Trainer(
            model, config, Batches(80), callbacks: [new CollapseWatch(model.ExpertLayers, notices.Add)]);
        trainer.Run(TestContext.Current.CancellationToken);
        return notices;
    }

    private static DecoderConfig Config(int topK, bool bias = false) => new()
    {
        VocabularySize = Vocabulary,
        HiddenSize = 32,
        LayerCount = 2,
        HeadCount = 2,
        KeyValueHeadCount = 2,
        HeadSize = 16,
        Experts = new ExpertsConfig
        {
            ExpertCount = 8,
            TopK = topK,
            IntermediateSize = 32,
            HasExpertBias = bias,
            NormalizeWeights = topK > 1,
        },
    };

    /// <summary>Batches of 64 tokens; the next token follows from the two before it.</summary>
    private static ListedBatches Batches(int count, bool repeats = false)
    {
        var batches = new List<TrainingBatch>();
        for (int index = 0; index < count; index++)
        {
            var rng = new Rng(11, (ulong)index);
            int[] inputs = new int[64], targets = new int[64];
            int before = rng.NextInt(Vocabulary), current = rng.NextInt(Vocabulary);
            for (int i = 0; i < inputs.Length; i++)
            {
                inputs[i] = current;
                int next = ((current * 3) + before + rng.NextInt(2)) % Vocabulary;
                (before, current) = (current, next);
                targets[i] = next;
            }

            batches.Add(new TrainingBatch(inputs, targets, SequenceLayout.Uniform(2, 32)));
        }

        return new ListedBatches(batches, repeats);
    }
}
