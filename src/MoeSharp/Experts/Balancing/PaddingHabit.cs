namespace MoeSharp.Experts.Balancing;

/// <summary>What padding rows do to a balance loss; the default, and the only right one, is nothing.</summary>
/// <param name="CountsScores">True to sum their scores (DeepSpeed's used_token).</param>
/// <param name="CountsRows">True to divide by them (DeepSpeed, flaxformer).</param>
/// <param name="ZeroLogits">True to take their logits as 0 in the z-loss, which then holds log(E)² a padding row (flaxformer).</param>
public readonly record struct PaddingHabit(bool CountsScores = false, bool CountsRows = false, bool ZeroLogits = false);
