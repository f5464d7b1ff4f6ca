using MoeSharp.Experts.Ops;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Balancing;

/// <summary>Load times score: smallest when both are uniform, and pushed there through the scores.</summary>
/// <remarks>
/// <para>Formula, for a segment of n rows: <c>E/κ · Σ_e (c_e/n)·(P_e/n)</c>, c_e choices of expert e, P_e the sum of its scores; the gradient
/// flows through P only. κ is the choices counted a row when <see cref="DividesByTopK"/>, else 1: the value at balance is then 1, or K.</para>
/// <para>Which choices, which scores, over which rows and how layers join are this loss's options: projects differ in all four
/// (<c>docs/catalogue.md</c>), so none is hidden.</para>
/// <para>Source: Shazeer et al. 2017; GShard, arXiv:2006.16668; Switch, arXiv:2101.03961, eq. 4–6.</para>
/// </remarks>
public sealed class LoadBalancingLoss : BalanceLoss
{
    /// <inheritdoc/>
    public override string Name => "load_balancing";

    /// <summary>Which choices count.</summary>
    public CountedChoices Counted { get; init; } = CountedChoices.All;

    /// <summary>Which scores are summed.</summary>
    public BalanceScores Scores { get; init; } = BalanceScores.AsRouted;

    /// <summary>Over which rows means are taken.</summary>
    public BalanceSpan Span { get; init; } = BalanceSpan.Batch;

    /// <summary>False leaves the value at balance at K (transformers, flaxformer).</summary>
    public bool DividesByTopK { get; init; } = true;

    /// <summary>What padding does.</summary>
    public PaddingHabit Padding { get; init; }

    /// <summary>Divides by this count of tokens instead of those at hand, as over several micro-batches (OLMo-core); 0 for none.</summary>
    public float TokenDivisor { get; init; }

    /// <summary>The k of the formula where it is not the count of choices (ReMoE: the target).</summary>
    public int? TargetTopK { get; init; }

    /// <summary>Averages counts over micro-batches (Megatron-Core's global loss); null takes those of the current one.</summary>
    public CountWindow? Window { get; init; }

    /// <inheritdoc/>
    public override float BalancedValue(float topK) => DividesByTopK ? 1 : topK;

    /// <inheritdoc/>
    public override BalanceTerm Measure(in RoutingDecision decision, RoutingContext context)
    {
        int experts = decision.ExpertCount, tokens = decision.TokenCount;
        Tensor scores = LossScores.Of(Scores, decision);
        bool perSegment = Span != BalanceSpan.Batch;
        Tensor sums = SegmentSumOp.Apply(scores, perSegment ? context.GroupStarts : null, Padding.CountsScores ? null : context.Padding);
        int segments = sums.Rows;
        var counts = new float[segments * experts];
        var rows = new float[segments];
        Indices? plain = Counted == CountedChoices.PlainTopK ? PlainTopK(scores, decision.TopK) : null;
        for (int s = 0; s < segments; s++)
        {
            (int start, int end) = perSegment ? context.Group(s, tokens) : (0, tokens);
            for (int t = start; t < end; t++)
            {
                rows[s] += Padding.CountsRows || !context.IsPadding(t) ? 1 : 0;
            }

            ChoiceCounts.Add(Counted, decision, plain, context, start, end, counts.AsSpan(s * experts, experts));
        }

        float perRow = Counted is CountedChoices.First or CountedChoices.FirstServed ? 1 : TargetTopK ?? decision.TopK;
        return new BalanceTerm { ScoreSums = sums, Counts = counts, Rows = rows, ChoicesPerRow = perRow };
    }

    /// <inheritdoc/>
    public override Tensor Reduce(IReadOnlyList<BalanceTerm> layers)
    {
        Window?.Add(layers);
        float[]? pooled = Layers == LayerReduction.Pooled ? PooledWeights(layers) : null;
        Tensor? total = null;
        for (int i = 0; i < layers.Count; i++)
        {
            Tensor sums = layers[i].ScoreSums!;
            float[] weights = pooled ?? Weights(layers[i], Window?.Mean(i) ?? layers[i].Counts);
            Tensor part = WeightedSumOp.Apply(sums, sums.Scope!.From(weights, sums.Shape));
            total = total is null ? part : AddOp.Apply(total, part);
        }

        return Layers == LayerReduction.Mean && layers.Count > 1 ? ScaleOp.Apply(total!, 1f / layers.Count) : total!;
    }

    /// <summary>The constant that every score sum is multiplied by <c>[S·E]</c>.</summary>
    private float[] Weights(BalanceTerm term, float[] counts)
    {
        int segments = term.Rows.Length, experts = counts.Length / segments;
        double all = TokenDivisor > 0 ? TokenDivisor : term.Rows.Sum(), factor = experts / (DividesByTopK ? term.ChoicesPerRow : 1.0);
        var weights = new float[counts.Length];
        for (int s = 0; s < segments; s++)
        {
            double n = term.Rows[s];
            double share = Span switch
            {
                BalanceSpan.Sequence => n * n * segments,
                BalanceSpan.SequenceByLength => n * all,
                _ => n * all,
            };
            for (int e = 0; e < experts && share > 0; e++)
            {
                weights[(s * experts) + e] = (float)(factor * counts[(s * experts) + e] / share);
            }
        }

        return weights;
    }

    /// <summary>As <see cref="Weights"/>, counts and rows of all layers together; segments are one.</summary>
    private float[] PooledWeights(IReadOnlyList<BalanceTerm> layers)
    {
        var counts = new float[layers[0].Counts.Length];
        float rows = 0;
        foreach (BalanceTerm layer in layers)
        {
            rows += layer.Rows.Sum();
            for (int e = 0; e < counts.Length; e++)
            {
                counts[e] += layer.Counts[e];
            }
        }

        return Weights(new BalanceTerm { Rows = [rows], ChoicesPerRow = layers[0].ChoicesPerRow }, counts);
    }

    private static Indices PlainTopK(Tensor scores, int topK)
    {
        Indices ids = scores.Scope!.NewIndices(scores.Rows * topK);
        for (int t = 0; t < scores.Rows; t++)
        {
            TopKSelect.Row(scores.Row(t), ids.Span.Slice(t * topK, topK));
        }

        return ids;
    }
}
