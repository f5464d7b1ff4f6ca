using MoeSharp.Models.Decoding;

namespace MoeSharp.Tests.Models.Decoding;

/// <summary>Which experts a token visits, and with what weights, by the definitions in double precision.</summary>
internal static class ReferenceRouting
{
    public static List<(int Expert, double Weight)> Choose(ExpertsConfig facts, double[] logits, float[]? bias)
    {
        if (facts.Score == ScoreKind.SparseMixer)
        {
            return SparseMixer(logits, facts.MixerJitter);
        }

        double[] scores = facts.Score == ScoreKind.Sigmoid ? [.. logits.Select(ReferenceDecoder.Sigmoid)] : Softmax(logits);
        double[] choice = [.. scores.Select((score, e) => score + (bias?[e] ?? 0))];
        int size = logits.Length / facts.GroupCount;
        int[] groups = [.. Enumerable.Range(0, facts.GroupCount)
            .OrderByDescending(g => choice.Skip(g * size).Take(size).OrderDescending().Take(facts.GroupScoreCount).Sum()).Take(facts.KeptGroupCount)];
        int[] chosen = [.. Enumerable.Range(0, logits.Length).Where(e => groups.Contains(e / size)).OrderByDescending(e => choice[e]).Take(facts.TopK)];
        if (facts.Score == ScoreKind.SoftmaxOfChosen)
        {
            double[] over = Softmax([.. chosen.Select(e => logits[e])]);
            return [.. chosen.Select((e, k) => (e, over[k]))];
        }

        double norm = facts.NormalizeWeights
            ? Math.Pow(chosen.Sum(e => Math.Pow(scores[e], facts.WeightNormPower)), 1 / facts.WeightNormPower)
            : 1;
        return [.. chosen.Select(e => (e, scores[e] / norm * facts.WeightScale))];
    }

    private static List<(int Expert, double Weight)> SparseMixer(double[] logits, double jitter)
    {
        var result = new List<(int, double)>();
        for (int k = 0; k < 2; k++)
        {
            int[] open = [.. Enumerable.Range(0, logits.Length).Where(e => result.TrueForAll(taken => taken.Item1 != e))];
            int best = open.MaxBy(e => logits[e]);
            double max = logits[best];
            double sum = open.Where(e => (max - logits[e]) / Math.Max(Math.Abs(logits[e]), max) <= 2 * jitter).Sum(e => Math.Exp(logits[e] - max));
            result.Add((best, 1 / sum));
        }

        return result;
    }

    private static double[] Softmax(double[] logits)
    {
        double max = logits.Max(), sum = logits.Sum(logit => Math.Exp(logit - max));
        return [.. logits.Select(logit => Math.Exp(logit - max) / sum)];
    }
}
