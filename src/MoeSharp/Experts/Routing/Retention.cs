using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Which choices after the first are worth their row: a part between weigh and capacity.</summary>
/// <remarks>
/// <para>Formula: choice k ≥ 1 stays when <c>u &lt; w_k / threshold_k</c>, u uniform in [0, 1): with probability min(1, w_k / threshold_k).
/// A choice that does not stay takes no place in a buffer; the first choice always stays.</para>
/// <para>Random numbers are drawn choice by choice for all tokens, the first choice included (its numbers are not used).</para>
/// <para>Source: GShard, arXiv:2006.16668 (threshold ½: "2·g₂ &gt; u"); mesh-tensorflow (0.2); ST-MoE, arXiv:2202.08906.</para>
/// </remarks>
public sealed class Retention
{
    private readonly float[] _thresholds;
    private readonly bool _random;

    private Retention(float[] thresholds, bool random)
    {
        _thresholds = thresholds;
        _random = random;
    }

    /// <summary>True to compare raw scores instead of (normalised) weights (NLLB's "random").</summary>
    public bool ByScore { get; private init; }

    /// <summary>True to keep every choice in evaluation.</summary>
    public bool TrainingOnly { get; private init; }

    /// <summary>Keeps a choice with probability min(1, weight / threshold).</summary>
    /// <param name="thresholds">Of the second choice, the third and so on; the last one holds for the rest. 0 keeps all.</param>
    public static Retention Random(params float[] thresholds) => new(thresholds, random: true);

    /// <summary>Keeps a choice when its weight exceeds the threshold (mesh-tensorflow's "threshold").</summary>
    /// <param name="thresholds">As in <see cref="Random"/>.</param>
    public static Retention Above(params float[] thresholds) => new(thresholds, random: false);

    /// <summary>Keeps the first choice only (mesh-tensorflow's "none").</summary>
    public static Retention FirstOnly() => new([float.PositiveInfinity], random: false);

    /// <summary>The same, comparing raw scores instead of weights.</summary>
    public Retention OfScores() => new(_thresholds, _random) { ByScore = true, TrainingOnly = TrainingOnly };

    /// <summary>The same, keeping every choice in evaluation.</summary>
    public Retention InTrainingOnly() => new(_thresholds, _random) { ByScore = ByScore, TrainingOnly = true };

    /// <summary>Ids with −1 for choices that do not stay.</summary>
    internal Indices Apply(Tensor scores, Tensor weights, Indices ids, RoutingContext context)
    {
        int tokens = weights.Rows, topK = weights.Columns;
        if (topK < 2 || (TrainingOnly && !context.IsTraining))
        {
            return ids;
        }

        TensorScope scope = scores.Scope!;
        Indices kept = scope.NewIndices(ids.Length);
        ids.Span.CopyTo(kept.Span);
        Tensor uniform = scope.New(new TensorShape(topK, tokens));
        if (_random)
        {
            context.RequireNoise("retention").FillUniform(uniform.Span);
        }

        for (int k = 1; k < topK; k++)
        {
            float threshold = _thresholds[Math.Min(k, _thresholds.Length) - 1];
            ReadOnlySpan<float> u = uniform.Row(k);
            for (int t = 0; t < tokens; t++)
            {
                int id = ids[(t * topK) + k];
                float weight = ByScore && id >= 0 ? scores.Row(t)[id] : weights.Row(t)[k];
                bool stays = _random ? threshold <= 0 || u[t] < weight / threshold : weight > threshold;
                if (!stays)
                {
                    kept[(t * topK) + k] = -1;
                }
            }
        }

        return kept;
    }
}
