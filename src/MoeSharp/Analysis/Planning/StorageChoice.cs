namespace MoeSharp.Analysis.Planning;

/// <summary>A way to store a model, and what would come of it.</summary>
/// <param name="Name">The format, or <c>stored</c> for the checkpoint as it is.</param>
/// <param name="WeightBytes">Bytes of all weights.</param>
/// <param name="BitsPerWeight">Bits a parameter, routers and norms in F32 included.</param>
/// <param name="TotalBytes">Weights, cache of the context, and the memory of a step.</param>
/// <param name="Fits">True when the total is no more than the memory given.</param>
/// <param name="LongestContext">The longest text that fits beside the weights; 0 when the weights alone do not.</param>
/// <param name="Speed">How fast it should run, were it in memory.</param>
public sealed record StorageChoice(
    string Name, long WeightBytes, double BitsPerWeight, long TotalBytes, bool Fits, int LongestContext, SpeedPrediction Speed);
