using System.Globalization;
using System.Numerics;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>Filters that make numbers.</summary>
internal static class NumberFilters
{
    private static readonly string[] s_decimal = ["Bytes", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
    private static readonly string[] s_binary = ["Bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

    public static void AddTo(Dictionary<string, Func<Rendering, Value, Arguments, Value>> filters)
    {
        filters["abs"] = Absolute;
        filters["int"] = Whole;
        filters["float"] = Real;
        filters["round"] = Round;
        filters["sum"] = Sum;
        filters["bool"] = (r, input, a) => BooleanValue.Of(input.IsTrue);
        filters["filesizeformat"] = FileSize;
    }

    /// <summary>A whole number of a text as Python's <c>int()</c> reads it.</summary>
    public static bool TryParse(string text, int radix, out BigInteger number)
    {
        string digits = text.Trim().Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
        bool negative = digits.StartsWith('-');
        digits = digits.StartsWith('-') || digits.StartsWith('+') ? digits[1..] : digits;
        string prefix = radix switch { 16 => "0x", 8 => "0o", 2 => "0b", _ => "" };
        digits = prefix.Length > 0 && digits.StartsWith(prefix, StringComparison.Ordinal) ? digits[2..] : digits;
        number = BigInteger.Zero;
        foreach (char digit in digits)
        {
            int value = char.IsAsciiDigit(digit) ? digit - '0' : char.IsAsciiLetterLower(digit) ? digit - 'a' + 10 : int.MaxValue;
            if (value >= radix || digits.Length > 4300) // Python's own limit
            {
                return false;
            }

            number = (number * radix) + value;
        }

        number = negative ? -number : number;
        return digits.Length > 0;
    }

    /// <summary>A number of a text as Python's <c>float()</c> reads it.</summary>
    public static bool TryParse(string text, out double number)
    {
        string digits = text.Trim().Replace("_", "", StringComparison.Ordinal);
        string word = digits.TrimStart('+', '-').ToLowerInvariant();
        number = word is "inf" or "infinity" ? double.PositiveInfinity : double.NaN;
        number = digits.StartsWith('-') ? -number : number;
        return word is "inf" or "infinity" or "nan"
            || double.TryParse(digits, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number);
    }

    private static Value Absolute(Rendering rendering, Value input, Arguments arguments) => input switch
    {
        FloatValue real => new FloatValue(Math.Abs(real.Number)),
        UndefinedValue undefined => throw undefined.Fault(),
        _ when Number.TryInteger(input, out BigInteger whole) => new IntegerValue(BigInteger.Abs(whole)),
        _ => throw new TemplateException($"abs: a {input.TypeName} is no number. Give a number"),
    };

    private static Value Whole(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("int", "default", "base");
        int radix = a.Integer(1, 10);
        Value otherwise = a[0] ?? new IntegerValue(BigInteger.Zero);
        if (input is UndefinedValue undefined && rendering.IsPython)
        {
            throw undefined.Fault();
        }

        if (input is TextValue text)
        {
            return TryParse(text.Text, radix, out BigInteger parsed) ? new IntegerValue(parsed)
                : TryParse(text.Text, out double real) && double.IsFinite(real) ? new IntegerValue(new BigInteger(real))
                : otherwise;
        }

        return input is FloatValue { Number: var number }
            ? double.IsFinite(number) ? new IntegerValue(new BigInteger(number)) : otherwise
            : Number.TryInteger(input, out BigInteger whole) ? new IntegerValue(whole) : otherwise;
    }

    private static Value Real(Rendering rendering, Value input, Arguments arguments)
    {
        Value otherwise = arguments.For("float", "default")[0] ?? new FloatValue(0);
        return input switch
        {
            UndefinedValue undefined when rendering.IsPython => throw undefined.Fault(),
            TextValue text => TryParse(text.Text, out double parsed) ? new FloatValue(parsed) : otherwise,
            _ => Number.TryFloat(input, out double number) ? new FloatValue(number) : otherwise,
        };
    }

    private static Value Round(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("round", "precision", "method");
        int precision = Math.Clamp(a.Integer(0, 0), -300, 300);
        string method = a.OptionalText(1)?.Text ?? "common";
        if (!Number.TryFloat(input, out double number) || method is not ("common" or "ceil" or "floor"))
        {
            throw new TemplateException($"round: cannot round a {input.TypeName} by '{method}'. Give a number, and common, ceil or floor");
        }

        if (method == "common")
        {
            // Python rounds the exact value of the float; a decimal has all its digits.
            return input is FloatValue
                ? new FloatValue(RoundHalfEven(number, precision))
                : new IntegerValue(new BigInteger(precision >= 0 ? number : RoundHalfEven(number, precision)));
        }

        double scale = Math.Pow(10, precision);
        return new FloatValue((method == "ceil" ? Math.Ceiling(number * scale) : Math.Floor(number * scale)) / scale);
    }

    private static double RoundHalfEven(double number, int precision)
    {
        if (precision is >= 0 and <= 15 && Math.Abs(number) < 1e15)
        {
            return double.Parse(number.ToString("F" + precision, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) is var shown
                && Math.Abs(number * Math.Pow(10, precision) % 1) == 0.5 && precision == 0
                ? Math.Round(number, MidpointRounding.ToEven)
                : shown;
        }

        double scale = Math.Pow(10, -precision);
        return precision < 0 ? Math.Round(number / scale, MidpointRounding.ToEven) * scale : number;
    }

    private static Value Sum(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("sum", "attribute", "start");
        Value total = a[1] ?? new IntegerValue(BigInteger.Zero);
        foreach (Value item in rendering.Elements(input))
        {
            total = Arithmetic.Apply(rendering, "+", total, a[0] is { } path and not NoneValue ? Lookup.Path(rendering, item, path) : item);
        }

        return total;
    }

    private static TextValue FileSize(Rendering rendering, Value input, Arguments arguments)
    {
        bool binary = arguments.For("filesizeformat", "binary").Boolean(0, false);
        double bytes = input is TextValue text && TryParse(text.Text, out double parsed) ? parsed
            : Number.TryFloat(input, out double number) ? number
            : throw new TemplateException($"filesizeformat: a {input.TypeName} is no number. Give a number of bytes");
        double step = binary ? 1024 : 1000;
        if (bytes < step)
        {
            return new TextValue(bytes == 1 ? "1 Byte" : string.Create(CultureInfo.InvariantCulture, $"{Math.Truncate(bytes)} Bytes"));
        }

        int unit = 0;
        for (; bytes >= step && unit < s_decimal.Length - 1; unit++)
        {
            bytes /= step;
        }

        return new TextValue(string.Create(CultureInfo.InvariantCulture, $"{bytes:F1} {(binary ? s_binary : s_decimal)[unit]}"));
    }
}
