using MoeSharp.Experts.Routing;
using MoeSharp.Inference;
using MoeSharp.Tensors;

namespace MoeSharp.Analysis.Scoring;

/// <summary>Runs two models, or one model in two precisions, over the same tokens and compares what they say.</summary>
public static class ModelComparison
{
    /// <summary>Compares.</summary>
    /// <param name="first">The reference.</param>
    /// <param name="second">The model that is judged by it; of the same vocabulary.</param>
    /// <param name="ids">Tokens of the text.</param>
    /// <param name="options">The windows; null for 512 tokens, side by side.</param>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    /// <param name="progress">Told after each step, with the mean divergence; null for nobody.</param>
    /// <param name="experts">Experts that the second leaves out; null for none.</param>
    /// <param name="cancellation">Ends it between steps.</param>
    /// <exception cref="ArgumentException">The vocabularies differ, windows are out of range, or the text is too short.</exception>
    public static ModelDifference Run(
        Model first,
        Model second,
        ReadOnlySpan<int> ids,
        WindowOptions? options = null,
        Workers? workers = null,
        IProgress<ScoreProgress>? progress = null,
        ExpertReduction? experts = null,
        CancellationToken cancellation = default)
    {
        if (first.Config.VocabularySize != second.Config.VocabularySize)
        {
            throw new ArgumentException(
                $"the models have vocabularies of {first.Config.VocabularySize} and {second.Config.VocabularySize} tokens. Compare models of one tokenizer.");
        }

        IReadOnlyList<TextWindow> windows = TextScorer.Cut(first, ids.Length, options);
        _ = TextScorer.Cut(second, ids.Length, options);
        LogitsWatch mine = new(), theirs = new();
        int capacity = windows.Max(window => window.Length), step = Math.Max(1, TextScorer.StepLength(first) / 2);
        long total = windows.Sum(window => (long)window.Length), done = 0;
        using Session a = new(first.Decoder, workers, capacity: capacity, observer: mine), b = new(second.Decoder, workers, capacity: capacity, observer: theirs, experts: experts);
        var state = new State(mine, theirs);
        foreach (TextWindow window in windows)
        {
            a.Truncate(0);
            b.Truncate(0);
            for (int past = 0; past < window.Length; past += step)
            {
                cancellation.ThrowIfCancellationRequested();
                ReadOnlySpan<int> part = ids.Slice(window.Start + past, Math.Min(step, window.Length - past));
                a.Read(part, step, cancellation);
                b.Read(part, step, cancellation);
                state.AddRouting();
                int from = Math.Max(0, window.FirstScored - 1 - past), to = Math.Min(part.Length, window.Length - past - 1);
                if (from < to)
                {
                    state.Add(from, ids.Slice(window.Start + past + from + 1, to - from).ToArray(), workers ?? Workers.Default);
                }

                done += part.Length;
                progress?.Report(new ScoreProgress(done, total, state.MeanDivergence));
            }

            state.EndWindow();
        }

        return state.Result(ScoredText.CountBytes(first.Tokenizer, ids, windows));
    }

    /// <summary>Sums over the places of a text.</summary>
    private sealed class State(LogitsWatch mine, LogitsWatch theirs)
    {
        private readonly List<double> _divergences = [];
        private readonly SortedDictionary<int, AgreementCounter> _experts = [];
        private readonly List<double> _windows = [];
        private double _sum, _windowSum;
        private int _windowStart;
        private double _mine, _mineSquared, _theirs, _theirsSquared, _change;
        private long _same;

        public double MeanDivergence => _sum / _divergences.Count;

        public void AddRouting()
        {
            foreach ((int layer, (int experts, int topK, int[] ids)) in mine.Routing)
            {
                if (!theirs.Routing.TryGetValue(layer, out (int ExpertCount, int TopK, int[] Ids) other) || other.ExpertCount != experts)
                {
                    continue; // not the same kind of layer
                }

                if (!_experts.TryGetValue(layer, out AgreementCounter? counter))
                {
                    _experts.Add(layer, counter = new AgreementCounter(layer, experts));
                }

                counter.Add(ids, topK, other.Ids, other.TopK);
            }
        }

        public void Add(int from, int[] targets, Workers workers)
        {
            double[] divergences = new double[targets.Length];
            bool[] same = new bool[targets.Length];
            workers.Run(targets.Length, new Divergence(mine, theirs, from, divergences, same));
            for (int i = 0; i < targets.Length; i++)
            {
                double nats = mine.Nats(from + i, targets[i]), other = theirs.Nats(from + i, targets[i]);
                double change = Math.Exp(-nats) - Math.Exp(-other);
                _mine += nats;
                _mineSquared += nats * nats;
                _theirs += other;
                _theirsSquared += other * other;
                _change += change * change;
                _sum += divergences[i];
                _same += same[i] ? 1 : 0;
            }

            _divergences.AddRange(divergences);
        }

        public void EndWindow()
        {
            _windows.Add((_sum - _windowSum) / (_divergences.Count - _windowStart));
            (_windowSum, _windowStart) = (_sum, _divergences.Count);
        }

        public ModelDifference Result(long bytes)
        {
            _divergences.Sort();
            int count = _divergences.Count;
            return new ModelDifference(
                new ScoredText(count, bytes, _mine, _mineSquared),
                new ScoredText(count, bytes, _theirs, _theirsSquared),
                _divergences,
                _same / (double)count,
                Math.Sqrt(_change / count),
                [.. _experts.Values.Select(counter => counter.Result())])
            {
                WindowDivergences = _windows,
            };
        }
    }

    private readonly struct Divergence(LogitsWatch mine, LogitsWatch theirs, int from, double[] divergences, bool[] same) : IWork
    {
        public void Run(int item, int worker)
        {
            ReadOnlySpan<float> p = mine.Logits(from + item), q = theirs.Logits(from + item);
            double pSum = mine.LogSum(from + item), qSum = theirs.LogSum(from + item), divergence = 0;
            int pTop = 0, qTop = 0;
            for (int i = 0; i < p.Length; i++)
            {
                double log = p[i] - pSum;
                divergence += Math.Exp(log) * (log - (q[i] - qSum));
                pTop = p[i] > p[pTop] ? i : pTop;
                qTop = q[i] > q[qTop] ? i : qTop;
            }

            divergences[item] = Math.Max(0, divergence); // rounding may leave a little less than nothing
            same[item] = pTop == qTop;
        }
    }
}
