using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Every expert whose score is above zero: their count differs from token to token.</summary>
/// <remarks>A score of exactly 0 is not chosen. Source: ReMoE, arXiv:2412.14711.</remarks>
/// <param name="targetTopK">Experts a token should use on average, by the control of the loss.</param>
internal sealed class PositiveSelect(int targetTopK) : Select
{
    /// <inheritdoc/>
    public override int Width(int expertCount) => expertCount;

    /// <inheritdoc/>
    public override int ChoicesPerToken(int expertCount) => targetTopK;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        int experts = input.Scores.Columns;
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = input.Scores.Row(i / experts)[i % experts] > 0 ? i % experts : -1;
        }
    }
}
