namespace MoeSharp.Text.Gguf;

/// <summary>How a byte-level vocabulary of a GGUF file treats text before merging: what its <c>tokenizer.ggml.pre</c> stands for.</summary>
/// <param name="Names">The names that mean it.</param>
/// <param name="Patterns">Cuts, in order: each match is a piece of its own.</param>
/// <param name="IgnoreMerges">Whether a whole piece that is an entry is taken at once.</param>
/// <param name="AddsBegin">Whether a begin token is added when the file does not say.</param>
/// <param name="ComposesCharacters">Whether text is first normalised to form C: the models' own tokenizer files say so, GGUF files have no key for it.</param>
internal sealed record PreTokenizerRecipe(
    IReadOnlyList<string> Names,
    IReadOnlyList<string> Patterns,
    bool IgnoreMerges = false,
    bool AddsBegin = false,
    bool ComposesCharacters = false);
