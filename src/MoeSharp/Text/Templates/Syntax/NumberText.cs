using System.Globalization;
using System.Numerics;

namespace MoeSharp.Text.Templates.Syntax;

/// <summary>Numbers as a template writes them: <c>12</c>, <c>1_000</c>, <c>0x1F</c>, <c>1.5</c>, <c>2e3</c>.</summary>
internal static class NumberText
{
    /// <summary>Where a number ends that begins at <paramref name="start"/>.</summary>
    public static int End(string source, int start, out bool isFloat)
    {
        isFloat = false;
        if (source[start] == '0' && start + 1 < source.Length && char.ToLowerInvariant(source[start + 1]) is 'x' or 'o' or 'b')
        {
            int end = start + 2;
            while (end < source.Length && (char.IsAsciiHexDigit(source[end]) || source[end] == '_'))
            {
                end++;
            }

            return end;
        }

        int position = Digits(source, start);
        bool afterPoint = start > 0 && source[start - 1] == '.'; // a.0.1 has two whole numbers
        if (afterPoint)
        {
            return position;
        }

        if (At(source, position) == '.' && char.IsAsciiDigit(At(source, position + 1)))
        {
            isFloat = true;
            position = Digits(source, position + 1);
        }

        if (At(source, position) is 'e' or 'E')
        {
            int power = At(source, position + 1) is '+' or '-' ? position + 2 : position + 1;
            if (char.IsAsciiDigit(At(source, power)))
            {
                isFloat = true;
                position = Digits(source, power);
            }
        }

        return position;
    }

    /// <summary>The value of a whole number.</summary>
    public static BigInteger Integer(string text)
    {
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        int radix = digits.Length > 1 ? char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 10 } : 10;
        if (radix == 10)
        {
            return digits.Length > 1000
                ? throw new TemplateException($"a number of {digits.Length} digits is too long. Use at most 1,000")
                : BigInteger.Parse(digits, CultureInfo.InvariantCulture);
        }

        BigInteger value = BigInteger.Zero;
        foreach (char digit in digits.AsSpan(2, Math.Min(digits.Length - 2, 1000)))
        {
            int number = Convert.ToInt32(digit.ToString(), 16);
            value = number < radix ? (value * radix) + number : throw new TemplateException($"'{text}' is no number. Correct its digits");
        }

        return digits.Length > 2 ? value : throw new TemplateException($"'{text}' is no number. Add digits");
    }

    /// <summary>The value of a number with a fraction.</summary>
    public static double Float(string text) =>
        double.Parse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture);

    private static int Digits(string source, int position)
    {
        while (char.IsAsciiDigit(At(source, position)) || (At(source, position) == '_' && char.IsAsciiDigit(At(source, position + 1))))
        {
            position++;
        }

        return position;
    }

    private static char At(string source, int position) => position < source.Length ? source[position] : '\0';
}
