using MoeSharp.Data;
using MoeSharp.Formats;
using MoeSharp.Formats.Checkpoints;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Text;
using MoeSharp.Text.Training;
using MoeSharp.Training.Callbacks;

namespace MoeSharp.Training.Recipes;

/// <summary>A recipe at work in a folder: everything it makes stands there, and a second call goes on where the first one ended.</summary>
/// <remarks>
/// Folder: <c>tokenizer.json</c>, <c>tokens.bin</c> (the corpus as token ids), <c>checkpoints/</c>, <c>metrics.jsonl</c>, TensorBoard
/// event files, and at the end <c>model/</c>, ready to be loaded. Only one process may train in a folder.
/// </remarks>
public sealed class RecipeRun : IDisposable
{
    private readonly Recipe _recipe;
    private readonly string _folder;
    private readonly CheckpointStore _store;
    private readonly Workers? _workers;
    private readonly int _endToken;

    private RecipeRun(
        Recipe recipe, string folder, CheckpointStore store, Workers? workers, Tokenizer tokenizer, int endToken, Splits splits)
    {
        _recipe = recipe;
        _folder = folder;
        _store = store;
        _workers = workers;
        _endToken = endToken;
        Tokenizer = tokenizer;
        TrainingText = splits.Training;
        HeldOutText = splits.HeldOut;
        (Family family, DecoderConfig config) = recipe.CreateConfig(tokenizer.VocabularySize, endToken);
        Family = family;
        Decoder = Decoder.Create(config, recipe.Training.Seed, new DecoderParts { Balance = recipe.Balance.Create() });
        Model = new TrainableDecoder(Decoder, family);
    }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>What is trained on.</summary>
    public TokenCorpus TrainingText { get; }

    /// <summary>What is only measured on.</summary>
    public TokenCorpus HeldOutText { get; }

    /// <summary>The family whose layout the model is saved in.</summary>
    public Family Family { get; }

    /// <summary>The model, with fresh weights until <see cref="Train"/> has begun.</summary>
    public Decoder Decoder { get; }

    /// <summary>The model as the trainer sees it.</summary>
    public TrainableDecoder Model { get; }

    /// <summary>Where the finished model is written.</summary>
    public string ModelFolder => Path.Combine(_folder, "model");

    /// <summary>Reads the text, trains or loads the tokenizer, and makes the model.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="folder">The folder of the run; made when it is not there.</param>
    /// <param name="progress">Told what is being done; null for nobody.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    /// <param name="cancellation">Stops between documents.</param>
    /// <exception cref="IOException">The text cannot be read, or another process trains in the folder.</exception>
    /// <exception cref="ConfigException">The recipe does not fit the tokenizer in the folder.</exception>
    public static RecipeRun Prepare(
        Recipe recipe,
        string folder,
        IProgress<RecipeProgress>? progress = null,
        Workers? workers = null,
        CancellationToken cancellation = default)
    {
        Directory.CreateDirectory(folder);
        CheckpointStore store = CheckpointStore.Open(Path.Combine(folder, "checkpoints"), recipe.Training.KeptCheckpointCount);
        try
        {
            TextCorpus corpus = TextCorpus.Open(recipe.Corpus.Paths, recipe.Corpus.Options);
            Tokenizer tokenizer = OpenTokenizer(recipe, folder, corpus, progress, cancellation);
            if (!tokenizer.TryGetId(recipe.Tokenizer.EndToken, out int endToken))
            {
                throw new ConfigException("tokenizer", $"endToken '{recipe.Tokenizer.EndToken}' is not in the vocabulary. Name a token that is.");
            }

            TokenCorpus tokens = TokenFile.LoadOrTokenize(
                Path.Combine(folder, "tokens.bin"), corpus, tokenizer, endToken, new Relay<CorpusProgress>(progress, RecipeProgress.Of), cancellation);
            (TokenCorpus training, TokenCorpus heldOut) = tokens.Split(recipe.Corpus.Split);
            return new RecipeRun(recipe, folder, store, workers, tokenizer, endToken, new Splits(training, heldOut));
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Trains, from the last good checkpoint in the folder if there is one.</summary>
    /// <param name="callbacks">Who watches, besides the files of the run.</param>
    /// <param name="cancellation">Saves, then ends.</param>
    public TrainingResult Train(IReadOnlyList<ITrainingCallback> callbacks, CancellationToken cancellation = default)
    {
        TrainingConfig config = _recipe.Training;
        using var metrics = new MetricsFile(Path.Combine(_folder, "metrics.jsonl"));
        using var board = new TensorBoardLog(_folder);
        var batches = new PackedBatches(TrainingText, config.BatchSize, config.SequenceLength, config.Seed);
        SequentialBatches quick = HeldOutRows(_recipe.Corpus.HeldOutRowCount);
        using var trainer = new Trainer(
            Model,
            config,
            TokenBatchSource.From(batches),
            new HeldOutData(TokenBatchSource.From(quick), quick.BytesPerTarget),
            _store,
            [metrics, board, .. callbacks],
            _workers);
        return trainer.Run(cancellation);
    }

    /// <summary>Measures the model on all held-out text.</summary>
    public HeldOutResult MeasureHeldOut()
    {
        SequentialBatches all = HeldOutRows(null);
        using var evaluator = new Evaluator(Model, workers: _workers);
        (double loss, long tokens) = evaluator.Measure(TokenBatchSource.From(all));
        return new HeldOutResult(loss, all.BitsPerByte(loss), tokens, all.TargetBytes);
    }

    /// <summary>Writes the model with its tokenizer into <see cref="ModelFolder"/>.</summary>
    /// <param name="type">How numbers are stored.</param>
    public void Export(DType type = DType.BF16)
    {
        using var model = new Model(Decoder, Tokenizer, Family, [_endToken], _workers);
        model.Save(ModelFolder, type);
    }

    /// <summary>Lets other processes train in the folder.</summary>
    public void Dispose() => _store.Dispose();

    private static Tokenizer OpenTokenizer(
        Recipe recipe, string folder, TextCorpus corpus, IProgress<RecipeProgress>? progress, CancellationToken cancellation)
    {
        string path = Path.Combine(folder, "tokenizer.json");
        if (recipe.Tokenizer.Path is { } given)
        {
            return Tokenizer.Load(given);
        }

        if (File.Exists(path))
        {
            Tokenizer found = Tokenizer.Load(path);
            return found.VocabularySize == recipe.Tokenizer.VocabularySize ? found : throw new ConfigException(
                "tokenizer",
                $"vocabularySize is {recipe.Tokenizer.VocabularySize}, but '{path}' of an earlier run has {found.VocabularySize}. Use another folder.");
        }

        Tokenizer tokenizer = TokenizerTrainer.Train(
            corpus.Documents().Select(document => document.Text),
            recipe.Tokenizer.VocabularySize,
            [recipe.Tokenizer.EndToken],
            progress: new Relay<TokenizerTrainingProgress>(progress, RecipeProgress.Of),
            cancellationToken: cancellation);
        tokenizer.Save(path);
        return tokenizer;
    }

    private SequentialBatches HeldOutRows(int? count) =>
        new(HeldOutText, _recipe.Training.BatchSize, _recipe.Training.SequenceLength, count);

    private readonly record struct Splits(TokenCorpus Training, TokenCorpus HeldOut);

    private sealed class Relay<T>(IProgress<RecipeProgress>? target, Func<T, RecipeProgress> convert) : IProgress<T>
    {
        public void Report(T value) => target?.Report(convert(value));
    }
}
