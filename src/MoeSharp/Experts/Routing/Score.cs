using MoeSharp.Experts.Ops;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Routing;

/// <summary>Turns router logits into scores: the first part of a router.</summary>
/// <remarks>Shapes: <c>logits [T, E]</c> → <c>scores [T, E]</c>. Every score works row by row.</remarks>
public abstract class Score
{
    /// <summary>Softmax over all experts.</summary>
    public static Score Softmax { get; } = new SoftmaxScore();

    /// <summary>Each logit by itself: <c>1 / (1 + e⁻ʰ)</c>. Source: DeepSeek-V3, arXiv:2412.19437.</summary>
    public static Score Sigmoid { get; } = new ActivationScore(Activation.Sigmoid);

    /// <summary><c>max(h, 0)</c>. Source: ReMoE, arXiv:2412.14711.</summary>
    public static Score Relu { get; } = new ActivationScore(Activation.Relu);

    /// <summary><c>√log(1 + eʰ)</c>. Source: DeepSeek-V4.</summary>
    public static Score SqrtSoftplus { get; } = new ElementScore(ScoreFunction.SqrtSoftplus, 0);

    /// <summary>The logits themselves, for routers that take the softmax after choosing.</summary>
    public static Score Identity { get; } = new IdentityScore();

    /// <summary>True where the scores of a token sum to one.</summary>
    public virtual bool SumsToOne => false;

    /// <summary>Sigmoid plus a small constant, so that a sum of scores is never zero (OLMo-core: 1e-7).</summary>
    /// <param name="offset">Added to every score.</param>
    public static Score SigmoidPlus(float offset) => new ElementScore(ScoreFunction.Sigmoid, offset);

    /// <summary>Scores of <c>logits [T, E]</c>.</summary>
    public abstract Tensor Apply(Tensor logits);

    private sealed class SoftmaxScore : Score
    {
        public override bool SumsToOne => true;

        public override Tensor Apply(Tensor logits) => SoftmaxOp.Apply(logits);
    }

    private sealed class IdentityScore : Score
    {
        public override Tensor Apply(Tensor logits) => logits;
    }

    private sealed class ActivationScore(Activation activation) : Score
    {
        public override Tensor Apply(Tensor logits) => ActivationOp.Apply(logits, activation);
    }

    private sealed class ElementScore(ScoreFunction function, float offset) : Score
    {
        public override Tensor Apply(Tensor logits) => ScoreOp.Apply(logits, function, offset);
    }
}
