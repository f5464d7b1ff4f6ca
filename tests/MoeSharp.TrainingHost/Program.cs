using MoeSharp.Experts.Balancing;
using MoeSharp.Formats.Checkpoints;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Training;
using MoeSharp.Training.Callbacks;
using MoeSharp.TrainingHost;

// A small training run as a process of its own, for tests that kill it: MoeSharp.TrainingHost FOLDER STEPS.
// Says "step N", "saving N" and "saved N" on standard output, each line at once.
string folder = args[0];
var config = new TrainingConfig
{
    StepCount = long.Parse(args[1]),
    AccumulationCount = 2,
    WarmupStepCount = 3,
    SaveEvery = 2,
    EvaluateEvery = 5,
    KeptCheckpointCount = 2,
};
Decoder decoder = Decoder.Create(
    new DecoderConfig
    {
        VocabularySize = 64,
        HiddenSize = 64,
        LayerCount = 2,
        HeadCount = 4,
        KeyValueHeadCount = 2,
        HeadSize = 16,
        Experts = new ExpertsConfig
        {
            ExpertCount = 8,
            TopK = 2,
            IntermediateSize = 96,
            HasExpertBias = true,
            RouterJitter = 0.1f,
        },
    },
    seed: 5,
    new DecoderParts { Balance = Balance.HuggingFace(0.01f) });
using var workers = new Workers(2);
using CheckpointStore store = CheckpointStore.Open(Path.Combine(folder, "checkpoints"), config.KeptCheckpointCount);
using var metrics = new MetricsFile(Path.Combine(folder, "metrics.jsonl"));
using var trainer = new Trainer(
    new AnnouncedModel(new TrainableDecoder(decoder)),
    config,
    new CountedBatches(Count: long.MaxValue),
    new HeldOutData(new CountedBatches(Count: 2), 1),
    store,
    [metrics, new Announcer()],
    workers);
trainer.Run();
