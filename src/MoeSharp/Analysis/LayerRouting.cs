namespace MoeSharp.Analysis;

/// <summary>The routing of one layer over a text.</summary>
/// <param name="Layer">Number of the block.</param>
/// <param name="ExpertCount">E.</param>
/// <param name="TopK">K, columns of ids and weights.</param>
/// <param name="Ids">Expert ids <c>[T·K]</c>; −1 where a choice was not served.</param>
/// <param name="Weights">Expert weights <c>[T·K]</c>; 0 where a choice was not served.</param>
public sealed record LayerRouting(int Layer, int ExpertCount, int TopK, IReadOnlyList<int> Ids, IReadOnlyList<float> Weights)
{
    /// <summary>T.</summary>
    public int TokenCount => TopK == 0 ? 0 : Ids.Count / TopK;
}
