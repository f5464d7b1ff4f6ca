using System.Globalization;
using System.Numerics;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>How a value is written by <c>%</c> and <c>format()</c>.</summary>
/// <param name="Fill">What stands in empty places.</param>
/// <param name="Align">&lt; left, &gt; right, ^ middle, = between sign and digits; 0 for the type's own.</param>
/// <param name="Sign">+ or space for a sign of positive numbers.</param>
/// <param name="IsAlternate">Whether 0x and the like are written.</param>
/// <param name="Width">The least width.</param>
/// <param name="Grouping">, or _ between thousands; 0 for none.</param>
/// <param name="Precision">Digits after the point, or the most characters of a text; null for the default.</param>
/// <param name="Type">The letter of the type; 0 for none.</param>
internal sealed record NumberFormat(char Fill, char Align, char Sign, bool IsAlternate, int Width, char Grouping, int? Precision, char Type)
{
    private const int MaxWidth = 100_000;
    private const int MaxPrecision = 300;

    /// <summary>Writes a number.</summary>
    public string Write(Value value)
    {
        char type = Type;
        if (type is 'f' or 'F' or 'e' or 'E' or 'g' or 'G' or '%' || (value is FloatValue && type is '\0'))
        {
            return Number.TryFloat(value, out double real) ? Pad(Real(real, type)) : throw Wrong(value);
        }

        if (type is 'd' or 'i' or 'u' && value is FloatValue { Number: var cut } && double.IsFinite(cut))
        {
            value = new IntegerValue(new BigInteger(cut)); // %d cuts; format() never comes here with a float
        }

        if (!Number.TryInteger(value, out BigInteger whole))
        {
            throw Wrong(value);
        }

        string digits = type switch
        {
            'x' or 'X' => Radix(BigInteger.Abs(whole), 16),
            'o' => Radix(BigInteger.Abs(whole), 8),
            'b' => Radix(BigInteger.Abs(whole), 2),
            _ => BigInteger.Abs(whole).ToString(CultureInfo.InvariantCulture),
        };
        digits = (type == 'X' ? digits.ToUpperInvariant() : digits).PadLeft(Math.Min(Precision ?? 0, MaxPrecision), '0');
        string prefix = IsAlternate && type is 'x' or 'X' or 'o' or 'b' && IsAlternate ? "0" + type : "";
        return Pad(SignOf(whole.Sign < 0) + prefix + Group(digits));
    }

    /// <summary>Writes a text.</summary>
    public void Write(TextValue text, ValueWriter writer)
    {
        TextValue shown = Precision is { } most && most < text.Count ? text.Slice(0, text.Offset(most)) : text;
        int missing = Math.Max(Math.Min(Width, MaxWidth) - shown.Count!.Value, 0);
        int before = Align switch { '>' or '=' => missing, '^' => missing / 2, _ => 0 };
        writer.Append(new string(Fill, before));
        writer.Append(shown);
        writer.Append(new string(Fill, missing - before));
    }

    private static string Radix(BigInteger value, int radix)
    {
        var digits = new Stack<char>();
        do
        {
            digits.Push("0123456789abcdef"[(int)(value % radix)]);
            value /= radix;
        }
        while (!value.IsZero);

        return new string([.. digits]);
    }

    private string Real(double value, char type)
    {
        if (!double.IsFinite(value))
        {
            return SignOf(value < 0) + FloatValue.Format(Math.Abs(value));
        }

        double size = Math.Abs(value);
        int precision = Math.Min(Precision ?? 6, MaxPrecision);
        string text = char.ToLowerInvariant(type) switch
        {
            'f' => size.ToString("F" + precision, CultureInfo.InvariantCulture),
            '%' => (size * 100).ToString("F" + precision, CultureInfo.InvariantCulture) + "%",
            'e' => Exponent(size.ToString("e" + precision, CultureInfo.InvariantCulture)),
            _ when type == '\0' && Precision is null => FloatValue.Format(size),
            _ => General(size, Math.Max(precision, 1)),
        };
        text = char.IsUpper(type) ? text.ToUpperInvariant() : text;
        int point = text.IndexOfAny(['.', 'e', 'E', '%']);
        return SignOf(double.IsNegative(value)) + (point < 0 ? Group(text) : Group(text[..point]) + text[point..]);
    }

    // .NET writes e+000 where C and Python write e+00.
    private static string Exponent(string text)
    {
        int mark = text.IndexOf('e', StringComparison.Ordinal);
        int power = int.Parse(text[(mark + 1)..], CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{text[..mark]}e{(power < 0 ? '-' : '+')}{Math.Abs(power):00}");
    }

    private string General(double size, int digits)
    {
        string scientific = Exponent(size.ToString("e" + (digits - 1), CultureInfo.InvariantCulture));
        int mark = scientific.IndexOf('e', StringComparison.Ordinal);
        int power = int.Parse(scientific[(mark + 1)..], CultureInfo.InvariantCulture);
        if (power < -4 || power >= digits)
        {
            return IsAlternate ? scientific : Trimmed(scientific[..mark]) + scientific[mark..];
        }

        string plain = size.ToString("F" + Math.Max(digits - 1 - power, 0), CultureInfo.InvariantCulture);
        return IsAlternate ? plain : Trimmed(plain);
    }

    private static string Trimmed(string text) => text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;

    private string SignOf(bool isNegative) => isNegative ? "-" : Sign is '+' or ' ' ? Sign.ToString() : "";

    private string Group(string digits)
    {
        if (Grouping == '\0')
        {
            return digits;
        }

        int size = Type is 'x' or 'X' or 'o' or 'b' ? 4 : 3;
        int first = digits.Length % size;
        IEnumerable<string> parts = digits[first..].Chunk(size).Select(chunk => new string(chunk));
        return string.Join(Grouping, first == 0 ? parts : parts.Prepend(digits[..first]));
    }

    private string Pad(string text)
    {
        int missing = Math.Max(Math.Min(Width, MaxWidth) - text.Length, 0);
        switch (Align)
        {
            case '<':
                return text + new string(Fill, missing);
            case '^':
                return new string(Fill, missing / 2) + text + new string(Fill, missing - (missing / 2));
            case '=':
                int sign = text.Length > 0 && text[0] is '+' or '-' or ' ' ? 1 : 0;
                return text[..sign] + new string(Fill, missing) + text[sign..];
            default:
                return new string(Fill, missing) + text;
        }
    }

    private TemplateException Wrong(Value value) =>
        new($"format: '{Type}' cannot write a {value.TypeName}. Give a number, or write it as text with s");
}
