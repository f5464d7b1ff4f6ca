using System.Globalization;
using System.Text;

namespace MoeSharp.Tests.Text.PreTokenization;

/// <summary>One UTF-16 unit for a code point above U+FFFF, of the same category, and in the same listed ranges of every published pattern.</summary>
internal static class StandIn
{
    /// <summary>The text with one unit a code point.</summary>
    public static string Of(string text) => string.Concat(text.EnumerateRunes().Select(rune => Of(rune.Value)));

    private static char Of(int value)
    {
        if (value < 0x10000)
        {
            return (char)value;
        }

        // Letters that DeepSeek's first class lists.
        bool isListed = value is (>= 0x10400 and <= 0x1044F) or (>= 0x104B0 and <= 0x104D3) or (>= 0x104D8 and <= 0x104FB)
            or (>= 0x10C80 and <= 0x10CB2) or (>= 0x10CC0 and <= 0x10CF2) or (>= 0x118A0 and <= 0x118DF) or (>= 0x1E900 and <= 0x1E943);
        bool isHan = value is >= 0x20000 and <= 0x323AF;
        return CharUnicodeInfo.GetUnicodeCategory(value) switch
        {
            UnicodeCategory.UppercaseLetter => isListed ? '\u0100' : '\uA7C2',
            UnicodeCategory.LowercaseLetter => isListed ? '\u0101' : '\uA7C3',
            UnicodeCategory.OtherLetter => isHan ? '\uF900' : '\u05D0',
            UnicodeCategory.ModifierLetter => '\u02B0',
            UnicodeCategory.NonSpacingMark => '\u0301',
            UnicodeCategory.SpacingCombiningMark => '\uA823',
            UnicodeCategory.DecimalDigitNumber => '\u0660',
            UnicodeCategory.LetterNumber => '\uA6E6',
            UnicodeCategory.OtherNumber => '\u00B2',
            UnicodeCategory.OtherPunctuation => '\u00A7',
            UnicodeCategory.OtherSymbol => '\u00A6',
            UnicodeCategory.MathSymbol => '\u00AC',
            UnicodeCategory.ModifierSymbol => '\u00A8',
            UnicodeCategory.Format => '\u00AD',
            UnicodeCategory.PrivateUse => '\uE000',
            UnicodeCategory.OtherNotAssigned => '\u0378',
            UnicodeCategory category => throw new NotSupportedException($"no stand-in for U+{value:X} of {category}"),
        };
    }
}
