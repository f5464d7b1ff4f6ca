namespace MoeSharp.Experts.Routing;

/// <content>The ways to choose.</content>
public abstract partial class Select
{
    /// <summary>The K highest scores of each token, falling; equal scores take the lower id first.</summary>
    public static Select TopK(int k, bool byLogits = false) => new TopKSelect(k, byLogits);

    /// <summary>Top-k within the best groups of experts.</summary>
    /// <param name="k">Experts a token.</param>
    /// <param name="groups">Groups, of equal size and consecutive ids.</param>
    /// <param name="keep">Groups that stay open.</param>
    /// <param name="bestOf">A group's score is the sum of its best experts, this many: 1 DeepSeek-V2, 2 DeepSeek-V3, k/keep Megatron-Core.</param>
    /// <param name="maskWithZero">True to give closed groups the score 0 (DeepSeek-V2's code) where −∞ is right.</param>
    public static Select GroupLimitedTopK(int k, int groups, int keep, int bestOf = 2, bool maskWithZero = false) =>
        new GroupLimitedSelect(k, groups, keep, bestOf, maskWithZero);
}
