namespace MoeSharp.Text.PreTokenization;

/// <summary>Patterns that have a name of their own in <c>tokenizer.json</c>.</summary>
internal static class SplitPatterns
{
    /// <summary>How <c>ByteLevel</c> cuts with <c>use_regex</c>: contractions, words, numbers and signs with the space before them, white space.</summary>
    /// <remarks>Source: openai/gpt-2, encoder.py.</remarks>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>One numeric character, as <c>Digits</c> sees it.</summary>
    public const string Numeric = @"\p{N}";

    /// <summary>One sign, as <c>Punctuation</c> sees it: ASCII signs and Unicode's punctuation.</summary>
    public const string Punctuation = @"[\p{P}!-/:-@\[-`{-~]";

    /// <summary>Words and runs of signs, as <c>Whitespace</c> keeps them.</summary>
    public const string WordsAndSigns = @"\w+|[^\w\s]+";

    /// <summary>White space.</summary>
    public const string Spaces = @"\s+";
}
