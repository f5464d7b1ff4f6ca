namespace MoeSharp.Analysis.Verification;

/// <summary>How far a scan is.</summary>
/// <param name="DoneBytes">Bytes of weights that were looked at.</param>
/// <param name="AllBytes">Bytes there are.</param>
/// <param name="Tensor">The tensor that is looked at.</param>
public readonly record struct VerifyProgress(long DoneBytes, long AllBytes, string Tensor);
