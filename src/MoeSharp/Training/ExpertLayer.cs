namespace MoeSharp.Training;

/// <summary>A layer that routes.</summary>
/// <param name="Layer">Its number in the model.</param>
/// <param name="ExpertCount">E.</param>
/// <param name="TopK">K.</param>
public readonly record struct ExpertLayer(int Layer, int ExpertCount, int TopK);
