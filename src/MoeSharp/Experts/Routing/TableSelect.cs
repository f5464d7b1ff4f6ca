using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Looks experts up by token id in a table that is fixed before training; a domain may choose among groups of experts first.</summary>
/// <remarks>
/// <para>Expert: <c>domain·groupSize + table[token·K + k]</c>. Without domains there is one group.</para>
/// <para>Source: hash layers, Roller et al. 2021, arXiv:2106.04426; random routed experts of PanGu-Σ, arXiv:2303.10845.</para>
/// </remarks>
/// <param name="table">Expert inside the group for every token of the vocabulary <c>[V·K]</c>.</param>
/// <param name="k">Experts a token.</param>
/// <param name="groupSize">Experts of a domain; 0 when domains do not matter.</param>
internal sealed class TableSelect(int[] table, int k, int groupSize) : Select
{
    /// <inheritdoc/>
    public override int Width(int expertCount) => k;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        Indices tokens = input.Context.TokenIds
            ?? throw new InvalidOperationException("table router: it chooses by token id and the context has none. Set RoutingContext.TokenIds.");
        Indices? domains = groupSize == 0 ? null : input.Context.DomainIds
            ?? throw new InvalidOperationException("table router: it chooses by domain and the context has none. Set RoutingContext.DomainIds.");
        for (int t = 0; t < tokens.Length; t++)
        {
            if ((uint)tokens[t] >= (uint)(table.Length / k))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(input), $"table router: token id {tokens[t]} at row {t} is not in the table. Ids go from 0 to {(table.Length / k) - 1}.");
            }

            int first = domains is null ? 0 : domains[t] * groupSize;
            for (int j = 0; j < k; j++)
            {
                int expert = first + table[(tokens[t] * k) + j];
                if ((uint)expert >= (uint)input.Scores.Columns)
                {
                    throw new ArgumentOutOfRangeException(
                        nameof(input), $"table router: row {t} is sent to expert {expert}. There are {input.Scores.Columns}.");
                }

                ids[(t * k) + j] = expert;
            }
        }
    }

    /// <inheritdoc/>
    internal override void Validate(int expertCount, List<string> faults)
    {
        base.Validate(expertCount, faults);
        if (groupSize > 0 && expertCount % groupSize != 0)
        {
            faults.Add($"The experts of a domain must divide ExpertCount ({expertCount}), got {groupSize}.");
        }
    }
}
