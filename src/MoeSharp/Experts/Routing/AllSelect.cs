using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Every expert for every token, in the order of ids: the dense mixture.</summary>
internal sealed class AllSelect : Select
{
    /// <inheritdoc/>
    public override int Width(int expertCount) => expertCount;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        int experts = input.Scores.Columns;
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = float.IsNegativeInfinity(input.Scores.Row(i / experts)[i % experts]) ? -1 : i % experts;
        }
    }
}
