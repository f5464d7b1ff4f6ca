namespace MoeSharp.Against;

/// <summary>What one turn of an engine reached.</summary>
/// <param name="Prefill">Tokens a second of the prompt.</param>
/// <param name="Decode">Tokens a second of generating.</param>
/// <param name="Build">What the engine says it is.</param>
internal sealed record EngineSpeed(double Prefill, double Decode, string Build);
