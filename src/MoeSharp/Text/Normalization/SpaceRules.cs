namespace MoeSharp.Text.Normalization;

/// <summary>What SentencePiece does with spaces before it looks for entries.</summary>
/// <param name="AddsDummy">Whether a space is added in front, so that a word is the same entry everywhere.</param>
/// <param name="RemovesExtra">Whether spaces at both ends vanish and runs become one.</param>
/// <param name="Escapes">Whether a space becomes U+2581.</param>
/// <param name="AsSuffix">Whether the added space stands behind instead.</param>
internal sealed record SpaceRules(bool AddsDummy = true, bool RemovesExtra = true, bool Escapes = true, bool AsSuffix = false);
