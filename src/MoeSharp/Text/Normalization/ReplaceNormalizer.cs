using System.Text;
using MoeSharp.Formats;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.Normalization;

/// <summary>Replaces every match of a text or pattern.</summary>
internal sealed class ReplaceNormalizer : INormalizer
{
    private const long MostGrowth = 64;
    private const long FreeBytes = 1 << 20;

    private readonly byte[]? _literal;
    private readonly Pattern? _pattern;
    private readonly byte[] _replacement;

    /// <summary>Replaces a literal text.</summary>
    public ReplaceNormalizer(string literal, string replacement)
    {
        Replaced = (literal, replacement);
        _literal = Encoding.UTF8.GetBytes(literal);
        _replacement = Encoding.UTF8.GetBytes(replacement);
    }

    /// <summary>Replaces the matches of a pattern.</summary>
    public ReplaceNormalizer(Pattern pattern, string replacement)
    {
        _pattern = pattern;
        _replacement = Encoding.UTF8.GetBytes(replacement);
    }

    /// <summary>The literal text and what it becomes; <see langword="null"/> for a pattern.</summary>
    public (string Literal, string Replacement)? Replaced { get; }

    /// <summary>The pattern; <see langword="null"/> for a literal text.</summary>
    public string? Matched => _pattern?.Source;

    /// <summary>What a match becomes.</summary>
    public string Replacement => Encoding.UTF8.GetString(_replacement);

    /// <inheritdoc/>
    /// <exception cref="ModelFormatException">The text grows beyond measure: several such steps would fill the memory.</exception>
    public ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text)
    {
        var output = new ByteBuilder(text.Length + (text.Length / 2) + 8);
        var stack = new BacktrackStack();
        int done = 0;
        int from = 0;
        long most = (MostGrowth * text.Length) + FreeBytes;
        while (from <= text.Length && TryFind(text, from, stack, out int start, out int end))
        {
            output.Append(text[done..start]);
            output.Append(_replacement);
            done = end;
            if (output.Length > most)
            {
                throw new ModelFormatException("tokenizer", "key 'normalizer'", null,
                    $"makes more than {most:N0} bytes of a text of {text.Length:N0}. No published replacement grows a text so; the file is damaged or hostile.");
            }

            // After an empty match the search goes on behind the next character.
            from = end > start ? end : end == text.Length ? text.Length + 1 : end + Length(text, end);
        }

        if (done == 0 && output.Length == 0)
        {
            return text;
        }

        output.Append(text[done..]);
        return output.Written;
    }

    private static int Length(ReadOnlySpan<byte> text, int position)
    {
        _ = CodePoints.Read(text, position, out int length);
        return length;
    }

    private bool TryFind(ReadOnlySpan<byte> text, int from, BacktrackStack stack, out int start, out int end)
    {
        if (_pattern is not null)
        {
            return _pattern.TryFind(text, from, stack, out start, out end);
        }

        int step = text[from..].IndexOf(_literal);
        start = from + step;
        end = start + _literal!.Length;
        return step >= 0;
    }
}
