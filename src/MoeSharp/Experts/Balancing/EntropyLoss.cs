using MoeSharp.Experts.Ops;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Balancing;

/// <summary>Entropies of the router for the tokens of one modality: confident tokens, many experts.</summary>
/// <remarks>
/// <para>Local: the mean entropy of single tokens, small when each is sure. Global: minus the entropy of the mean distribution, small when
/// many experts are used; with a target of S experts it is <c>max(0, log S − H)</c>. Natural logarithms.</para>
/// <para>Source: LIMoE, arXiv:2206.02770.</para>
/// </remarks>
public sealed class EntropyLoss : BalanceLoss
{
    /// <inheritdoc/>
    public override string Name => IsGlobal ? $"global_entropy_{Domain}" : $"local_entropy_{Domain}";

    /// <summary>True for the entropy of the mean, false for the mean of entropies.</summary>
    public bool IsGlobal { get; init; }

    /// <summary>The modality, as in <see cref="RoutingContext.DomainIds"/>; without those all rows are of modality 0.</summary>
    public int Domain { get; init; }

    /// <summary>S: experts that the modality should use at least; 0 for no target.</summary>
    public double TargetExperts { get; init; }

    /// <inheritdoc/>
    public override BalanceTerm Measure(in RoutingDecision decision, RoutingContext context)
    {
        Tensor logits = decision.Logits ?? throw new InvalidOperationException("entropy loss: the router has no logits. Leave the loss out.");
        Indices other = logits.Scope!.NewIndices(logits.Rows), mine = logits.Scope.NewIndices(logits.Rows);
        int rows = 0;
        for (int t = 0; t < logits.Rows; t++)
        {
            bool counts = !context.IsPadding(t) && (context.DomainIds is null ? Domain == 0 : context.DomainIds[t] == Domain);
            mine[t] = counts ? 1 : 0;
            other[t] = counts ? 0 : 1;
            rows += mine[t];
        }

        if (!IsGlobal)
        {
            return new BalanceTerm { Value = RowEntropyOp.Apply(logits, mine) };
        }

        Tensor sums = SegmentSumOp.Apply(SoftmaxOp.Apply(logits), null, other);
        bool hasTarget = TargetExperts > 0;
        return new BalanceTerm
        {
            Value = MeanEntropyOp.Apply(sums, Math.Max(rows, 1), hasTarget ? Math.Log(TargetExperts) : 0, floor: hasTarget),
        };
    }
}
