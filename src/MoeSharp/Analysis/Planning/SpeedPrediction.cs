namespace MoeSharp.Analysis.Planning;

/// <summary>How fast a model should run.</summary>
/// <param name="DecodeTokensPerSecond">One text, token by token, with the context given.</param>
/// <param name="PrefillTokensPerSecond">Reading a prompt of the length given, which is the first of its text.</param>
/// <param name="DecodeBytes">Bytes of weights and cache that one token of decode reads.</param>
public sealed record SpeedPrediction(double DecodeTokensPerSecond, double PrefillTokensPerSecond, long DecodeBytes);
