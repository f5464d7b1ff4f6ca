namespace MoeSharp.Data;

/// <summary>How far reading and tokenising a corpus is.</summary>
/// <param name="Documents">Documents done.</param>
/// <param name="Bytes">Bytes of text done.</param>
/// <param name="Tokens">Tokens made.</param>
/// <param name="Source">The document that was done last.</param>
public readonly record struct CorpusProgress(int Documents, long Bytes, long Tokens, string Source);
