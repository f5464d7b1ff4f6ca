namespace MoeSharp.Experts.Routing;

/// <summary>Counts the rows that an expert accepts; every project rounds in its own way.</summary>
/// <remarks>T tokens of a group, E experts, k choices a token, factor f. All arithmetic in double, as Python does it.</remarks>
public sealed class CapacityRule
{
    private readonly Func<CapacityFacts, double> _rows;

    private CapacityRule(Func<CapacityFacts, double> rows) => _rows = rows;

    /// <summary>As many as the fullest expert needs: nothing is dropped, buffers are padded to the largest (DeepSpeed without dropping).</summary>
    public static CapacityRule LargestLoad { get; } = new(facts => facts.LargestLoad);

    /// <summary>NLLB-MoE: <c>2·⌈T/E⌉</c>.</summary>
    public static CapacityRule Nllb { get; } = new(facts => 2 * Math.Ceiling((double)facts.Tokens / facts.Experts));

    /// <summary>A given number (Switch in transformers: 64 a sequence; flaxformer).</summary>
    public static CapacityRule Fixed(int rows) => new(_ => rows);

    /// <summary><c>⌈f·T⌉</c>, as NLLB-MoE in evaluation.</summary>
    public static CapacityRule FractionOfTokens(double factor) => new(facts => Math.Ceiling(factor * facts.Tokens));

    /// <summary>DeepSpeed: <c>max(⌈T/E · f·k⌉, minimum)</c>.</summary>
    public static CapacityRule DeepSpeed(double factor, int minimum = 4) => new(facts =>
        Math.Max(Math.Ceiling((double)facts.Tokens / facts.Experts * (factor * facts.Choices)), minimum));

    /// <summary>Megatron-Core: <c>⌈T·k/E · f⌉</c>.</summary>
    public static CapacityRule MegatronCore(double factor) => new(facts =>
        Math.Ceiling((double)facts.Tokens * facts.Choices / facts.Experts * factor));

    /// <summary>V-MoE: <c>T·k·f/E</c>, rounded up (or to the nearest, half to even), then up to a multiple.</summary>
    public static CapacityRule VMoe(double factor, bool roundsUp = true, int multipleOf = 4) => new(facts =>
    {
        double rows = (double)facts.Tokens * facts.Choices * factor / facts.Experts;
        return RoundUp(roundsUp ? Math.Ceiling(rows) : Math.Round(rows, MidpointRounding.ToEven), multipleOf);
    });

    /// <summary>ST-MoE and mesh-tensorflow: <c>max(min(T, ⌊T·f/E⌋), minimum)</c>, not multiplied by k.</summary>
    public static CapacityRule StMoe(double factor, int minimum = 4) => new(facts =>
        Math.Max(Math.Min(facts.Tokens, Math.Floor(facts.Tokens * factor / facts.Experts)), minimum));

    /// <summary>Switch: <c>⌊T·f/E⌋</c>. Source: arXiv:2101.03961, eq. 3.</summary>
    public static CapacityRule Switch(double factor) => new(facts => Math.Floor((double)facts.Tokens / facts.Experts * factor));

    /// <summary>GShard: <c>⌈k·T·f/E⌉</c> (the paper's 2N/(G·E) for k = 2, f = 1).</summary>
    public static CapacityRule GShard(double factor = 1) => new(facts =>
        Math.Ceiling((double)facts.Choices * facts.Tokens * factor / facts.Experts));

    /// <summary>Tutel: <c>k·⌊f·⌈T/E⌉⌋</c>, up to a multiple; f = 0 takes the largest load, f &lt; 0 the smaller of both.</summary>
    public static CapacityRule Tutel(double factor, int alignment = 1) => new(facts =>
    {
        int share = (facts.Tokens + facts.Experts - 1) / facts.Experts;
        double limit = facts.Choices * Math.Floor(Math.Abs(factor) * share);
        double rows = factor > 0 ? limit : factor == 0 ? facts.LargestLoad : Math.Min(facts.LargestLoad, limit);
        return RoundUp(rows, alignment);
    });

    /// <summary>A rule of your own.</summary>
    /// <param name="rows">Rows an expert accepts.</param>
    public static CapacityRule From(Func<CapacityFacts, int> rows) => new(facts => rows(facts));

    /// <summary>Rows an expert accepts in a group.</summary>
    public int Rows(CapacityFacts facts) => (int)Math.Min(_rows(facts), int.MaxValue);

    private static double RoundUp(double rows, int multiple) => multiple > 1 ? Math.Ceiling(rows / multiple) * multiple : rows;
}
