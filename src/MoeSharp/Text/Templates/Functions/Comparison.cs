using System.Numerics;
using System.Runtime.CompilerServices;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>Equality, order and membership.</summary>
internal static class Comparison
{
    /// <summary>Whether <c>left sign right</c> holds.</summary>
    /// <exception cref="TemplateException">The values have no order, or the right one has no members.</exception>
    public static bool Holds(Rendering rendering, string sign, Value left, Value right) => sign switch
    {
        "==" => left.Equals(right),
        "!=" => !left.Equals(right),
        "in" => Contains(rendering, right, left),
        "not in" => !Contains(rendering, right, left),
        "<" => Order(left, right) is < 0,
        "<=" => Order(left, right) is <= 0,
        ">" => Order(left, right) is > 0,
        _ => Order(left, right) is >= 0,
    };

    /// <summary>Less than 0, 0 or more than 0 as left comes before, with or after right; null when a number is no number (NaN).</summary>
    public static int? Order(Value left, Value right)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (left, right)
        {
            case (UndefinedValue undefined, _):
                throw undefined.Fault();
            case (_, UndefinedValue undefined):
                throw undefined.Fault();
            case (TextValue a, TextValue b):
                return CompareCodePoints(a.Text, b.Text);
            case (SequenceValue a, SequenceValue b) when a.TypeName == b.TypeName:
                for (int i = 0; i < Math.Min(a.Items.Count, b.Items.Count); i++)
                {
                    if (!a.Items[i].Equals(b.Items[i]))
                    {
                        return Order(a.Items[i], b.Items[i]);
                    }
                }

                return a.Items.Count.CompareTo(b.Items.Count);
        }

        if (Number.TryInteger(left, out BigInteger whole) && Number.TryInteger(right, out BigInteger other))
        {
            return whole.CompareTo(other);
        }

        if (Number.TryFloat(left, out double x) && Number.TryFloat(right, out double y))
        {
            return double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y);
        }

        throw new TemplateException($"a {left.TypeName} and a {right.TypeName} have no order. Compare values of one type");
    }

    /// <summary>Whether a value is in a text, a list or the keys of a dictionary.</summary>
    public static bool Contains(Rendering rendering, Value container, Value value)
    {
        switch (container)
        {
            case TextValue text when value is TextValue part:
                return text.Text.Contains(part.Text, StringComparison.Ordinal);
            case TextValue when value is UndefinedValue && !rendering.IsPython:
                return false;
            case TextValue:
                throw value is UndefinedValue undefined
                    ? undefined.Fault()
                    : new TemplateException($"a {value.TypeName} cannot be in a text. Ask for a text");
            case DictValue dict:
                return dict.Entries.ContainsKey(DictValue.Hashable(value));
            case NamespaceValue space when !rendering.IsPython:
                return space.Fields.Entries.ContainsKey(value);
            default:
                return rendering.Elements(container).Any(item => value.Equals(item) && (rendering.IsPython || SameKind(value, item)));
        }
    }

    // In the other dialect true is no 1.
    private static bool SameKind(Value left, Value right) => left is BooleanValue == right is BooleanValue;

    // Surrogates stand for code points above all others, so units alone would order some characters wrongly.
    private static int CompareCodePoints(string left, string right)
    {
        int count = Math.Min(left.Length, right.Length);
        for (int i = 0; i < count; i++)
        {
            char a = left[i], b = right[i];
            if (a != b)
            {
                return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
            }
        }

        return left.Length.CompareTo(right.Length);
    }
}
