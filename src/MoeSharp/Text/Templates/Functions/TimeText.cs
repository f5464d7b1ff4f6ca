using System.Globalization;
using System.Text;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>Writes a time as C's <c>strftime</c> does, in English.</summary>
internal static class TimeText
{
    public static string Format(DateTimeOffset time, string format)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            bool isBare = format[i + 1] is '-' or '#' && i + 2 < format.Length; // %-d: without the leading zero
            char code = format[i += isBare ? 2 : 1];
            string part = Part(time, code) ?? "%" + code;
            text.Append(isBare && part.Length > 1 ? part[..^1].TrimStart('0', ' ') + part[^1] : part);
        }

        return text.ToString();
    }

    private static string? Part(DateTimeOffset time, char code) => code switch
    {
        'Y' => Plain(time, "yyyy"),
        'y' => Plain(time, "yy"),
        'C' => (time.Year / 100).ToString("00", CultureInfo.InvariantCulture),
        'm' => Plain(time, "MM"),
        'B' => Plain(time, "MMMM"),
        'b' or 'h' => Plain(time, "MMM"),
        'd' => Plain(time, "dd"),
        'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'A' => Plain(time, "dddd"),
        'a' => Plain(time, "ddd"),
        'H' => Plain(time, "HH"),
        'I' => Plain(time, "hh"),
        'M' => Plain(time, "mm"),
        'S' => Plain(time, "ss"),
        'f' => Plain(time, "ffffff"),
        'p' => time.Hour < 12 ? "AM" : "PM",
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'u' => (((int)time.DayOfWeek + 6) % 7 + 1).ToString(CultureInfo.InvariantCulture),
        'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'U' => ((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7).ToString("00", CultureInfo.InvariantCulture),
        'W' => ((time.DayOfYear + 6 - (((int)time.DayOfWeek + 6) % 7)) / 7).ToString("00", CultureInfo.InvariantCulture),
        'V' => ISOWeek.GetWeekOfYear(time.DateTime).ToString("00", CultureInfo.InvariantCulture),
        'G' => ISOWeek.GetYear(time.DateTime).ToString(CultureInfo.InvariantCulture),
        's' => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        'z' or 'Z' => "", // as Python for a time without zone
        'F' => Plain(time, "yyyy-MM-dd"),
        'T' or 'X' => Plain(time, "HH:mm:ss"),
        'R' => Plain(time, "HH:mm"),
        'r' => Plain(time, "hh:mm:ss ") + Part(time, 'p'),
        'D' or 'x' => Plain(time, "MM/dd/yy"),
        'c' => $"{Plain(time, "ddd MMM")} {Part(time, 'e')} {Plain(time, "HH:mm:ss yyyy")}",
        'n' => "\n",
        't' => "\t",
        '%' => "%",
        _ => null,
    };

    private static string Plain(DateTimeOffset time, string format) => time.ToString(format.Replace("/", "\\/", StringComparison.Ordinal), CultureInfo.InvariantCulture);
}
