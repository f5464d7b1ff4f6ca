using MoeSharp.Experts.Routing;
using MoeSharp.Inference;
using MoeSharp.Tensors;

namespace MoeSharp.Analysis.Scoring;

/// <summary>Perplexity: how well a model predicts the tokens of a text.</summary>
public static class TextScorer
{
    /// <summary>Floats of logits that are kept at once, at most (256 MB).</summary>
    private const int LogitsLimit = 1 << 26;

    /// <summary>Reads a text window by window, through the session that generation runs.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">Its tokens.</param>
    /// <param name="options">The windows; null for 512 tokens, side by side.</param>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    /// <param name="progress">Told after each step; null for nobody.</param>
    /// <param name="experts">Experts to leave out; null for none.</param>
    /// <param name="cacheType">How keys and values are kept.</param>
    /// <param name="cancellation">Ends it between steps.</param>
    /// <exception cref="ArgumentException">Windows are out of range or longer than the model's positions, the text is too short, or the
    /// model has not as many experts.</exception>
    public static ScoredText Score(
        Model model,
        ReadOnlySpan<int> ids,
        WindowOptions? options = null,
        Workers? workers = null,
        IProgress<ScoreProgress>? progress = null,
        ExpertReduction? experts = null,
        DType cacheType = DType.F32,
        CancellationToken cancellation = default)
    {
        IReadOnlyList<TextWindow> windows = Cut(model, ids.Length, options);
        var watch = new LogitsWatch();
        long total = windows.Sum(window => (long)window.Length), done = 0, count = 0;
        double nats = 0, squares = 0;
        using var session = new Session(model.Decoder, workers, cacheType, capacity: windows.Max(window => window.Length), observer: watch, experts: experts);
        int step = StepLength(model);
        foreach (TextWindow window in windows)
        {
            session.Truncate(0);
            for (int past = 0; past < window.Length; past += step)
            {
                cancellation.ThrowIfCancellationRequested();
                int length = Math.Min(step, window.Length - past);
                session.Read(ids.Slice(window.Start + past, length), step, cancellation);
                for (int row = Math.Max(0, window.FirstScored - 1 - past); row < length && past + row + 1 < window.Length; row++)
                {
                    double value = watch.Nats(row, ids[window.Start + past + row + 1]);
                    nats += value;
                    squares += value * value;
                    count++;
                }

                done += length;
                progress?.Report(new ScoreProgress(done, total, nats / count));
            }
        }

        return new ScoredText(count, ScoredText.CountBytes(model.Tokenizer, ids, windows), nats, squares);
    }

    /// <summary>The windows of a text for a model.</summary>
    internal static IReadOnlyList<TextWindow> Cut(Model model, int tokenCount, WindowOptions? options)
    {
        options ??= new WindowOptions { Length = Math.Min(512, model.Config.PositionCount) };
        return options.Length <= model.Config.PositionCount
            ? options.Cut(tokenCount)
            : throw new ArgumentException($"windows of {options.Length} tokens: the model has {model.Config.PositionCount} positions. Use a shorter window.");
    }

    /// <summary>Tokens of a step, so that the logits of all of them can be kept.</summary>
    internal static int StepLength(Model model) => Math.Clamp(LogitsLimit / model.Config.VocabularySize, 1, 512);
}
