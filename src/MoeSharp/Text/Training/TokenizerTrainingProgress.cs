namespace MoeSharp.Text.Training;

/// <summary>How far the training of a tokenizer is.</summary>
/// <param name="BytesRead">Bytes of the corpus read so far; all of them once merging has begun.</param>
/// <param name="Words">Distinct words found so far.</param>
/// <param name="Tokens">Entries of the vocabulary so far.</param>
/// <param name="TokensWanted">Entries wanted.</param>
public readonly record struct TokenizerTrainingProgress(long BytesRead, int Words, int Tokens, int TokensWanted);
