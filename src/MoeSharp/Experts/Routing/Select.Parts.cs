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

    /// <summary>The best expert, then others sampled by Gumbel noise in training.</summary>
    public static Select SampledTopK(int k) => new SampledTopKSelect(k);

    /// <summary>All experts: the dense mixture.</summary>
    public static Select All() => new AllSelect();

    /// <summary>All experts with a score above zero.</summary>
    /// <param name="targetTopK">How many that should be on average.</param>
    public static Select Positive(int targetTopK) => new PositiveSelect(targetTopK);

    /// <summary>Experts choose tokens; looks ahead.</summary>
    /// <param name="rule">How many each takes of a group.</param>
    public static Select ExpertChoice(CapacityRule rule) => new ExpertChoiceSelect(rule);

    /// <summary>Top-k of a balanced soft assignment in training; plain top-k of logits in evaluation.</summary>
    /// <param name="k">Experts a token.</param>
    /// <param name="tolerance">Mean change at which the iteration stops.</param>
    public static Select SinkhornTopK(int k, double tolerance = 1e-4) => new SinkhornSelect(k, tolerance);

    /// <summary>A balanced assignment in training; the best expert in evaluation.</summary>
    public static Select BalancedAssignment() => new BalancedSelect();

    /// <summary>PhiMoE's two choices.</summary>
    /// <param name="jitter">Half the width of the competition.</param>
    public static Select SparseMixer(float jitter = 0.01f) => new SparseMixerSelect(jitter);

    /// <summary>Experts by token id.</summary>
    /// <param name="table">Experts of every token of the vocabulary <c>[V·K]</c>, see <see cref="ExpertTable"/>.</param>
    /// <param name="k">Experts a token.</param>
    public static Select ByToken(int[] table, int k = 1) => new TableSelect(table, k, groupSize: 0);

    /// <summary>Experts by domain, then by token id.</summary>
    /// <param name="table">Expert inside its domain for every token of the vocabulary <c>[V]</c>.</param>
    /// <param name="groupSize">Experts of a domain.</param>
    public static Select ByDomainAndToken(int[] table, int groupSize) => new TableSelect(table, 1, groupSize);
}
