#:project ../src/MoeSharp/MoeSharp.csproj
// A tiny Mixture-of-Experts language model, trained on a page of Dickens and Austen in some seconds, balance in view.
using MoeSharp;
using MoeSharp.Data;
using MoeSharp.Experts.Balancing;
using MoeSharp.Inference;
using MoeSharp.Models.Decoding;
using MoeSharp.Text;
using MoeSharp.Text.Training;
using MoeSharp.Training;
using MoeSharp.Training.Monitoring;

byte[][] pages =
[
    """
    It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the
    epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness, it was the
    spring of hope, it was the winter of despair, we had everything before us, we had nothing before us, we were all going
    direct to Heaven, we were all going direct the other way—in short, the period was so far like the present period, that
    some of its noisiest authorities insisted on its being received, for good or for evil, in the superlative degree of
    comparison only.
    """u8.ToArray(),
    """
    It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife.
    However little known the feelings or views of such a man may be on his first entering a neighbourhood, this truth is so
    well fixed in the minds of the surrounding families, that he is considered the rightful property of some one or other
    of their daughters.
    """u8.ToArray(),
];

// [text]
Tokenizer tokenizer = TokenizerTrainer.Train(pages.Select(page => (ReadOnlyMemory<byte>)page), vocabularySize: 384);
tokenizer.TryGetId(TokenizerTrainer.EndOfText, out int end);
TokenCorpus corpus = TokenCorpus.Tokenize(pages.Select((page, i) => new CorpusDocument($"page {i}", page)), tokenizer, end);
var packed = new PackedBatches(corpus, batchSize: 8, sequenceLength: 64, seed: 1);
// [/text]
Console.WriteLine($"{corpus.TextBytes} bytes are {corpus.TokenCount} tokens of {tokenizer.VocabularySize}");

// [train]
var config = new DecoderConfig
{
    VocabularySize = tokenizer.VocabularySize, HiddenSize = 64, LayerCount = 2, HeadCount = 4, KeyValueHeadCount = 2, HeadSize = 16,
    PositionCount = 256, IsTied = true, EndTokens = [end],
    Experts = new ExpertsConfig { ExpertCount = 8, TopK = 2, IntermediateSize = 64 },
};
Decoder decoder = Decoder.Create(config, seed: 1, new DecoderParts { Balance = Balance.LoadBalancing(coefficient: 0.01f) });
var training = new TrainingConfig { StepCount = 120, BatchSize = 8, SequenceLength = 64, LearningRate = 5e-3, WarmupStepCount = 10 };
using var trainer = new Trainer(new TrainableDecoder(decoder), training, new PackedSource(packed), callbacks: [new Lines()]);
trainer.Run();
// [/train]

using var model = new Model(decoder, tokenizer);
const string prompt = "It is a truth";
Console.WriteLine(prompt + model.Generate(prompt, new GenerationOptions { MaxTokens = 40 }));

/// <summary>Batches of the corpus, as the trainer takes them: by number, so that a resumed run needs nothing else.</summary>
internal sealed class PackedSource(PackedBatches batches) : IBatchSource
{
    public long Count => long.MaxValue;

    public TrainingBatch Get(long index)
    {
        TokenBatch batch = batches.Get(index);
        return new TrainingBatch(batch.Inputs, batch.Targets, batch.Layout);
    }
}

/// <summary>Prints a line now and then.</summary>
internal sealed class Lines : ITrainingCallback
{
    public void OnStep(StepReport report)
    {
        if (report.Step % 20 == 0 || report.Step == 1)
        {
            LayerBalance worst = report.Layers.MaxBy(layer => layer.MaxVio);
            Console.WriteLine(
                $"step {report.Step,3}  loss {report.CrossEntropy:F3}  load balancing {report.BalanceValue:F3}  "
                + $"worst layer {worst.Layer}: MaxVio {worst.MaxVio:F2}, {worst.DeadExperts} idle experts");
        }
    }
}
