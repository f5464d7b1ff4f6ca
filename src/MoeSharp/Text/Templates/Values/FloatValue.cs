using System.Globalization;
using System.Numerics;

namespace MoeSharp.Text.Templates.Values;

/// <summary>A number with a fraction, written as Python writes it: <c>1.0</c>, <c>1e+16</c>, <c>nan</c>.</summary>
internal sealed class FloatValue(double value) : Value
{
    public double Number => value;

    public override string TypeName => "float";

    public override bool IsTrue => value != 0;

    /// <summary>The shortest text that reads back as the same number, in Python's layout.</summary>
    public static string Format(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        // "E16" may have more digits than needed; "R" has the shortest ones but another layout.
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        string sign = shortest.StartsWith('-') ? "-" : "";
        string rest = shortest[sign.Length..];
        int mark = rest.IndexOf('E', StringComparison.Ordinal);
        int exponent = mark < 0 ? 0 : int.Parse(rest[(mark + 1)..], CultureInfo.InvariantCulture);
        string mantissa = mark < 0 ? rest : rest[..mark];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        int whole = (point < 0 ? mantissa.Length : point) + exponent; // digits before the point
        int zeros = digits.Length - digits.TrimStart('0').Length;
        digits = digits[zeros..].TrimEnd('0');
        whole -= zeros;
        if (digits.Length == 0)
        {
            return sign + "0.0";
        }

        int power = whole - 1;
        if (power is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{fraction}e{(power < 0 ? '-' : '+')}{Math.Abs(power):00}");
        }

        if (whole <= 0)
        {
            return sign + "0." + new string('0', -whole) + digits;
        }

        return digits.Length <= whole
            ? sign + digits + new string('0', whole - digits.Length) + ".0"
            : sign + digits[..whole] + "." + digits[whole..];
    }

    public override void Write(ValueWriter writer) => writer.Append(Format(value));

    public override bool EqualTo(Value other, ref int work) => Values.Number.AreEqual(this, other);

    public override int GetHashCode() =>
        double.IsFinite(value) && Math.Floor(value) == value ? new BigInteger(value).GetHashCode() : value.GetHashCode();
}
