using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Conversion;

/// <summary>A format for the tensors whose names fit a pattern: <c>blk.*.ffn_down_exps=Q6_K</c>.</summary>
/// <param name="Pattern">A name in GGUF, with or without its <c>.weight</c>; <c>*</c> stands for any letters, <c>?</c> for one.</param>
/// <param name="Format">The format.</param>
public sealed record QuantizationRule(string Pattern, BlockFormat Format)
{
    private const string WeightSuffix = ".weight";

    /// <summary>Reads <c>pattern=format</c>.</summary>
    /// <exception cref="ArgumentException">There is no such format, it cannot be written, or the text has another form.</exception>
    public static QuantizationRule Parse(string text)
    {
        int cut = text.LastIndexOf('=');
        if (cut <= 0 || cut == text.Length - 1)
        {
            throw new ArgumentException($"rule '{text}': has not the form PATTERN=TYPE. Write, for example, blk.*.ffn_down_exps=Q6_K.");
        }

        string name = text[(cut + 1)..].Trim();
        return new QuantizationRule(text[..cut].Trim(), QuantizationRecipe.FindFormat(name) ?? throw new ArgumentException(
            $"rule '{text}': '{name}' is no type that can be written. Choose from {string.Join(", ", QuantizationRecipe.FormatNames)}."));
    }

    /// <summary>True when the pattern fits a tensor's name.</summary>
    public bool Fits(string name) => Fits(Pattern, name)
        || (name.EndsWith(WeightSuffix, StringComparison.Ordinal) && Fits(Pattern, name.AsSpan(0, name.Length - WeightSuffix.Length)));

    // Greedy with one place to go back to: linear but for the square of a hostile pattern, and patterns come from the user.
    private static bool Fits(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        int p = 0, n = 0, star = -1, mark = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, mark) = (p++, n);
            }
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == name[n]))
            {
                p++;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++mark;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].Trim('*').IsEmpty;
    }
}
