using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text.Json;

/// <summary>What a <c>pre_tokenizer</c> amounts to.</summary>
/// <param name="Steps">Cuts, in order.</param>
/// <param name="ByteLevel">Whether pieces are then read as bytes through the byte alphabet.</param>
internal sealed record PreTokenizerParts(IReadOnlyList<IPreTokenizer> Steps, bool ByteLevel);
