namespace MoeSharp.Models.Conversion;

/// <summary>How much each column of each weight matters: the mean square of what it is multiplied with.</summary>
/// <remarks>
/// <para>An error e in column k of a weight adds <c>e·x[k]</c> to a result, so its mean square counts <c>E[x[k]²]</c>. Experts have importances
/// of their own, from the tokens that visit them; where these are few, they are drawn to those of all experts of the layer.</para>
/// <para>Gathered by <see cref="ImportanceCollector"/>. Immutable; safe for concurrent use.</para>
/// </remarks>
public sealed class Importance
{
    /// <summary>So many tokens of all experts are mixed into those of one.</summary>
    private const double SharedTokens = 16;

    private readonly Dictionary<string, Sums> _sums;

    internal Importance(Dictionary<string, Sums> sums, long tokenCount)
    {
        _sums = sums;
        TokenCount = tokenCount;
    }

    /// <summary>Tokens of the text.</summary>
    public long TokenCount { get; }

    /// <summary>Names of the parameters that were seen in a product.</summary>
    public IReadOnlyCollection<string> Parameters => _sums.Keys;

    /// <summary>Importance of each column of a parameter; null where nothing is known.</summary>
    /// <param name="parameter">Its name.</param>
    /// <param name="expert">The expert of a stack.</param>
    public float[]? Of(string parameter, int expert = 0)
    {
        if (!_sums.TryGetValue(parameter, out Sums? sums))
        {
            return null;
        }

        long all = sums.Rows.Sum();
        if (all == 0)
        {
            return null;
        }

        var importance = new float[sums.Columns];
        double shared = sums.Experts > 1 ? SharedTokens : 0, own = sums.Rows[expert];
        for (int k = 0; k < importance.Length; k++)
        {
            double mean = 0;
            for (int e = 0; shared > 0 && e < sums.Experts; e++)
            {
                mean += sums.Squares[(e * sums.Columns) + k];
            }

            importance[k] = (float)((sums.Squares[(expert * sums.Columns) + k] + (shared * mean / all)) / (own + shared));
        }

        return importance;
    }

    /// <summary>Sums of squares <c>[E, K]</c> and counts of rows <c>[E]</c> of one weight.</summary>
    internal sealed class Sums(int experts, int columns)
    {
        public int Experts { get; } = experts;

        public int Columns { get; } = columns;

        public double[] Squares { get; } = new double[experts * columns];

        public long[] Rows { get; } = new long[experts];
    }
}
