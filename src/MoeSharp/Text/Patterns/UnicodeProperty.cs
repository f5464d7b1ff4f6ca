using System.Globalization;

namespace MoeSharp.Text.Patterns;

/// <summary>The names that <c>\p{…}</c> may carry: general categories, short or long, and the script Han.</summary>
internal static class UnicodeProperty
{
    private static readonly (string Short, string Long, UnicodeCategory[] Categories)[] s_groups =
    [
        ("L", "Letter", [UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter, UnicodeCategory.ModifierLetter, UnicodeCategory.OtherLetter]),
        ("Lu", "Uppercase_Letter", [UnicodeCategory.UppercaseLetter]),
        ("Ll", "Lowercase_Letter", [UnicodeCategory.LowercaseLetter]),
        ("Lt", "Titlecase_Letter", [UnicodeCategory.TitlecaseLetter]),
        ("Lm", "Modifier_Letter", [UnicodeCategory.ModifierLetter]),
        ("Lo", "Other_Letter", [UnicodeCategory.OtherLetter]),
        ("LC", "Cased_Letter", [UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter]),
        ("M", "Mark", [UnicodeCategory.NonSpacingMark, UnicodeCategory.SpacingCombiningMark, UnicodeCategory.EnclosingMark]),
        ("Mn", "Nonspacing_Mark", [UnicodeCategory.NonSpacingMark]),
        ("Mc", "Spacing_Mark", [UnicodeCategory.SpacingCombiningMark]),
        ("Me", "Enclosing_Mark", [UnicodeCategory.EnclosingMark]),
        ("N", "Number", [UnicodeCategory.DecimalDigitNumber, UnicodeCategory.LetterNumber, UnicodeCategory.OtherNumber]),
        ("Nd", "Decimal_Number", [UnicodeCategory.DecimalDigitNumber]),
        ("Nl", "Letter_Number", [UnicodeCategory.LetterNumber]),
        ("No", "Other_Number", [UnicodeCategory.OtherNumber]),
        ("P", "Punctuation", [UnicodeCategory.ConnectorPunctuation, UnicodeCategory.DashPunctuation, UnicodeCategory.OpenPunctuation, UnicodeCategory.ClosePunctuation,
            UnicodeCategory.InitialQuotePunctuation, UnicodeCategory.FinalQuotePunctuation, UnicodeCategory.OtherPunctuation]),
        ("Pc", "Connector_Punctuation", [UnicodeCategory.ConnectorPunctuation]),
        ("Pd", "Dash_Punctuation", [UnicodeCategory.DashPunctuation]),
        ("Ps", "Open_Punctuation", [UnicodeCategory.OpenPunctuation]),
        ("Pe", "Close_Punctuation", [UnicodeCategory.ClosePunctuation]),
        ("Pi", "Initial_Punctuation", [UnicodeCategory.InitialQuotePunctuation]),
        ("Pf", "Final_Punctuation", [UnicodeCategory.FinalQuotePunctuation]),
        ("Po", "Other_Punctuation", [UnicodeCategory.OtherPunctuation]),
        ("S", "Symbol", [UnicodeCategory.MathSymbol, UnicodeCategory.CurrencySymbol, UnicodeCategory.ModifierSymbol, UnicodeCategory.OtherSymbol]),
        ("Sm", "Math_Symbol", [UnicodeCategory.MathSymbol]),
        ("Sc", "Currency_Symbol", [UnicodeCategory.CurrencySymbol]),
        ("Sk", "Modifier_Symbol", [UnicodeCategory.ModifierSymbol]),
        ("So", "Other_Symbol", [UnicodeCategory.OtherSymbol]),
        ("Z", "Separator", [UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator]),
        ("Zs", "Space_Separator", [UnicodeCategory.SpaceSeparator]),
        ("Zl", "Line_Separator", [UnicodeCategory.LineSeparator]),
        ("Zp", "Paragraph_Separator", [UnicodeCategory.ParagraphSeparator]),
        ("C", "Other", [UnicodeCategory.Control, UnicodeCategory.Format, UnicodeCategory.Surrogate, UnicodeCategory.PrivateUse, UnicodeCategory.OtherNotAssigned]),
        ("Cc", "Control", [UnicodeCategory.Control]),
        ("Cf", "Format", [UnicodeCategory.Format]),
        ("Cs", "Surrogate", [UnicodeCategory.Surrogate]),
        ("Co", "Private_Use", [UnicodeCategory.PrivateUse]),
        ("Cn", "Unassigned", [UnicodeCategory.OtherNotAssigned]),
    ];

    // Unicode's Scripts.txt, script Han; the only script that published byte-level tokenizers name.
    private static readonly (int First, int Last)[] s_han =
    [
        (0x2E80, 0x2E99), (0x2E9B, 0x2EF3), (0x2F00, 0x2FD5), (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B),
        (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFA6D), (0xFA70, 0xFAD9), (0x16FE2, 0x16FE3), (0x16FF0, 0x16FF1), (0x20000, 0x2A6DF),
        (0x2A700, 0x2B739), (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1), (0x2CEB0, 0x2EBE0), (0x2EBF0, 0x2EE5D), (0x2F800, 0x2FA1D),
        (0x30000, 0x3134A), (0x31350, 0x323AF),
    ];

    /// <summary>The set of a property; <see langword="false"/> when the name is not known. Case, spaces, hyphens and underscores do not matter.</summary>
    public static bool TryGet(string name, out CodePointSet set)
    {
        set = new CodePointSet();
        string wanted = Plain(name);
        if (wanted == "HAN")
        {
            foreach ((int first, int last) in s_han)
            {
                set.AddRange(first, last);
            }

            return true;
        }

        foreach ((string shortName, string longName, UnicodeCategory[] categories) in s_groups)
        {
            if (wanted == Plain(shortName) || wanted == Plain(longName))
            {
                foreach (UnicodeCategory category in categories)
                {
                    set.AddCategory(category);
                }

                return true;
            }
        }

        return false;
    }

    /// <summary><c>\s</c>: Unicode's White_Space.</summary>
    public static CodePointSet WhiteSpace() => new CodePointSet()
        .AddRange(9, 13).AddRange(' ', ' ').AddRange(0x85, 0x85).AddRange(0xA0, 0xA0).AddRange(0x1680, 0x1680).AddRange(0x2000, 0x200A)
        .AddRange(0x2028, 0x2029).AddRange(0x202F, 0x202F).AddRange(0x205F, 0x205F).AddRange(0x3000, 0x3000);

    /// <summary><c>\d</c>: decimal digits of every script.</summary>
    public static CodePointSet Digit() => new CodePointSet().AddCategory(UnicodeCategory.DecimalDigitNumber);

    /// <summary><c>\w</c>: letters, marks, decimal and letter numbers, connector punctuation.</summary>
    public static CodePointSet Word()
    {
        var set = new CodePointSet().AddCategory(UnicodeCategory.LetterNumber);
        foreach (string name in (string[])["L", "M", "Nd", "Pc"])
        {
            _ = TryGet(name, out CodePointSet part);
            set.Add(part);
        }

        return set;
    }

    private static string Plain(string name) =>
        name.Replace("_", string.Empty, StringComparison.Ordinal).Replace(" ", string.Empty, StringComparison.Ordinal)
            .Replace("-", string.Empty, StringComparison.Ordinal).ToUpperInvariant();
}
