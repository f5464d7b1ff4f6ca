namespace MoeSharp.Layers;

/// <summary>Queries grow with their position, so that attention over long texts stays sharp (Llama 4, in layers that do not rotate).</summary>
/// <remarks>Formula: a query at position p, from 0, is multiplied by <c>1 + scale·ln(1 + ⌊(p + 1)/floor⌋)</c>.</remarks>
/// <param name="Scale">How much they grow.</param>
/// <param name="Floor">Positions of one step.</param>
public sealed record QueryTemperature(double Scale, double Floor)
{
    /// <summary>The factor at a position.</summary>
    /// <param name="position">From 0.</param>
    public float At(int position) =>
        (float)((Math.Log(1 + Math.Floor((position + 1.0) / Floor)) * Scale) + 1);
}
