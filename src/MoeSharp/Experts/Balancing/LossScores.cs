using MoeSharp.Experts.Ops;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Balancing;

/// <summary>Finds or makes the scores that a loss sums.</summary>
internal static class LossScores
{
    /// <summary>Scores <c>[T, E]</c>.</summary>
    /// <exception cref="InvalidOperationException">The router has no scores (hash, random).</exception>
    public static Tensor Of(BalanceScores kind, in RoutingDecision decision)
    {
        if (decision.Logits is null || decision.Scores is null)
        {
            throw new InvalidOperationException("balance: the router has no scores, so nothing can be balanced. Leave the balance rule out.");
        }

        return kind switch
        {
            BalanceScores.AsRouted => decision.Scores,

            // A softmax router has made its softmax already, unless noise came between.
            BalanceScores.CleanSoftmax when decision.ScoresSumToOne && ReferenceEquals(decision.Logits, decision.NoisyLogits) => decision.Scores,
            BalanceScores.Normalized when decision.ScoresSumToOne => decision.Scores,
            BalanceScores.Normalized => NormalizeOp.Apply(decision.Scores),
            BalanceScores.Weights => ScatterWeightsOp.Apply(decision.Weights, decision.ServedIds, decision.ExpertCount),
            BalanceScores.CleanLogits => decision.Logits,
            _ => SoftmaxOp.Apply(decision.Logits),
        };
    }
}
