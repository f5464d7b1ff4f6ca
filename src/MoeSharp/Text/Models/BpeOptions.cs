namespace MoeSharp.Text.Models;

/// <summary>Choices of a byte-pair model.</summary>
/// <param name="ByteLevel">Whether pieces are bytes written through <see cref="ByteAlphabet"/>; else they are characters.</param>
/// <param name="UnknownToken">The entry for symbols that the vocabulary lacks; <see langword="null"/> when such text is an error.</param>
/// <param name="FuseUnknown">Whether neighbouring unknown symbols become one token.</param>
/// <param name="IgnoreMerges">Whether a whole piece that is an entry is taken at once.</param>
/// <param name="ByteFallback">Whether a character that the vocabulary lacks becomes its bytes, where they have entries.</param>
internal sealed record BpeOptions(
    bool ByteLevel, string? UnknownToken = null, bool FuseUnknown = false, bool IgnoreMerges = false, bool ByteFallback = false);
