using System.Numerics;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>The operators of arithmetic, on numbers, texts and lists.</summary>
internal static class Arithmetic
{
    private const int MaxBits = 1 << 16; // of a whole number: printing time grows with the square

    /// <summary>The result of <c>left sign right</c>.</summary>
    public static Value Apply(Rendering rendering, string sign, Value left, Value right)
    {
        if (left is UndefinedValue || right is UndefinedValue)
        {
            throw ((left as UndefinedValue) ?? (UndefinedValue)right).Fault();
        }

        if (Number.TryInteger(left, out BigInteger a) && Number.TryInteger(right, out BigInteger b))
        {
            return Whole(sign, a, b);
        }

        if (Number.TryFloat(left, out double x) && Number.TryFloat(right, out double y))
        {
            return new FloatValue(Real(sign, x, y));
        }

        return sign switch
        {
            "+" => Add(rendering, left, right),
            "*" => Repeat(rendering, left, right),
            "%" when left is TextValue format => PercentFormat.Apply(rendering, format, right),
            _ => throw Wrong(sign, left, right),
        };
    }

    private static Value Whole(string sign, BigInteger a, BigInteger b)
    {
        if (sign is "/" or "//" or "%" && b.IsZero)
        {
            throw new TemplateException($"{a} {sign} 0: nothing can be divided by 0. Test the divisor first");
        }

        switch (sign)
        {
            case "+":
                return new IntegerValue(a + b);
            case "-":
                return new IntegerValue(a - b);
            case "*":
                CheckBits(a.GetBitLength() + b.GetBitLength());
                return new IntegerValue(a * b);
            case "/":
                return new FloatValue((double)a / (double)b);
            case "//":
                return new IntegerValue(BigInteger.DivRem(a, b, out BigInteger rest) - (!rest.IsZero && rest.Sign != b.Sign ? 1 : 0));
            case "%":
                BigInteger remainder = BigInteger.Remainder(a, b);
                return new IntegerValue(!remainder.IsZero && remainder.Sign != b.Sign ? remainder + b : remainder);
            default:
                if (b.Sign < 0)
                {
                    return new FloatValue(Real("**", (double)a, (double)b));
                }

                CheckBits(BigInteger.Max(a.GetBitLength(), 1) * b);
                return new IntegerValue(BigInteger.Pow(a, (int)b));
        }
    }

    private static double Real(string sign, double x, double y)
    {
        if (sign is "/" or "//" or "%" && y == 0)
        {
            throw new TemplateException($"{FloatValue.Format(x)} {sign} 0: nothing can be divided by 0. Test the divisor first");
        }

        if (sign == "**" && ((x == 0 && y < 0) || (x < 0 && Math.Floor(y) != y)))
        {
            throw new TemplateException($"{FloatValue.Format(x)} ** {FloatValue.Format(y)} is no real number. Test the operands first");
        }

        double remainder = sign is "%" or "//" ? x % y : 0;
        remainder = remainder != 0 && remainder < 0 != y < 0 ? remainder + y : remainder;
        return sign switch
        {
            "+" => x + y,
            "-" => x - y,
            "*" => x * y,
            "/" => x / y,
            "//" => Math.Floor(Math.Round((x - remainder) / y)),
            "%" => remainder,
            _ => Math.Pow(x, y),
        };
    }

    private static Value Add(Rendering rendering, Value left, Value right)
    {
        switch (left, right)
        {
            case (SequenceValue a, SequenceValue b) when a.TypeName == b.TypeName:
                rendering.Budget.Charge(a.Items.Count + b.Items.Count);
                rendering.Budget.CheckLength((long)a.Items.Count + b.Items.Count);
                return a.With(a.Items.Concat(b.Items));
            case (TextValue, TextValue):
                return Join(rendering, (TextValue)left, (TextValue)right);

            // An error in transformers, where a template that adds a number to a text cannot be used at all; other engines join them.
            case (TextValue text, IntegerValue or FloatValue or BooleanValue):
                return Join(rendering, text, rendering.Str(right));
            case (IntegerValue or FloatValue or BooleanValue, TextValue text):
                return Join(rendering, rendering.Str(left), text);
            case (TextValue, _) or (_, TextValue) when !rendering.IsPython && left is not NoneValue && right is not NoneValue:
                return Join(rendering, rendering.Str(left), rendering.Str(right));
            default:
                throw Wrong("+", left, right);
        }
    }

    private static TextValue Join(Rendering rendering, TextValue left, TextValue right)
    {
        var writer = new ValueWriter(rendering);
        bool isSafe = left.IsSafe || right.IsSafe;
        writer.Append(isSafe ? Escape(left) : left);
        writer.Append(isSafe ? Escape(right) : right);
        return writer.ToText(isSafe);
    }

    /// <summary>A text with <c>&amp; &lt; &gt; " '</c> escaped, unless it is marked up already.</summary>
    public static TextValue Escape(TextValue text) => text.IsSafe
        ? text
        : text.With(EscapeMarks(text.Text)).WithSafe(true);

    // Only these five: other characters stay as they are.
    private static string EscapeMarks(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);

    private static Value Repeat(Rendering rendering, Value left, Value right)
    {
        (Value subject, Value factor) = left is TextValue or SequenceValue ? (left, right) : (right, left);
        if (!Number.TryIndex(factor, out int count) || subject is not (TextValue or SequenceValue))
        {
            throw Wrong("*", left, right);
        }

        count = Math.Max(count, 0);
        if (subject is TextValue text)
        {
            rendering.Budget.CheckLength((long)count * text.Text.Length);
            var writer = new ValueWriter(rendering);
            for (int i = 0; i < (text.Text.Length == 0 ? 0 : count); i++)
            {
                writer.Append(text);
            }

            return writer.ToText(text.IsSafe);
        }

        var sequence = (SequenceValue)subject;
        rendering.Budget.CheckLength((long)count * sequence.Items.Count);
        rendering.Budget.Charge((long)count * sequence.Items.Count);
        return sequence.With(Enumerable.Range(0, sequence.Items.Count == 0 ? 0 : count).SelectMany(_ => sequence.Items));
    }

    private static void CheckBits(BigInteger bits)
    {
        if (bits > MaxBits)
        {
            throw new TemplateException($"a number would have more than {MaxBits:N0} bits. Compute with smaller numbers");
        }
    }

    private static TemplateException Wrong(string sign, Value left, Value right) =>
        new($"a {left.TypeName} {sign} a {right.TypeName} has no meaning. Turn one into the type of the other");
}
