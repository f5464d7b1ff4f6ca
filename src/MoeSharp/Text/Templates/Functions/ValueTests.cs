using System.Numerics;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>All tests by name: what stands after <c>is</c>, and in <c>select</c>.</summary>
internal static class ValueTests
{
    private static readonly Dictionary<string, Func<Rendering, Value, Arguments, bool>> s_all = Create();

    public static bool Exists(string name) => s_all.ContainsKey(name);

    /// <summary>Whether a value passes a test.</summary>
    /// <exception cref="TemplateException">There is no such test, or it cannot take the value.</exception>
    public static bool Check(Rendering rendering, string name, Value value, Arguments arguments) =>
        s_all.TryGetValue(name, out Func<Rendering, Value, Arguments, bool>? test)
            ? test(rendering, value, arguments)
            : throw new TemplateException($"there is no test '{name}'. Correct its name");

    private static Dictionary<string, Func<Rendering, Value, Arguments, bool>> Create()
    {
        var tests = new Dictionary<string, Func<Rendering, Value, Arguments, bool>>(StringComparer.Ordinal)
        {
            ["defined"] = (r, v, a) => v is not UndefinedValue,
            ["undefined"] = (r, v, a) => v is UndefinedValue,
            ["none"] = (r, v, a) => v is NoneValue,
            ["boolean"] = (r, v, a) => v is BooleanValue,
            ["true"] = (r, v, a) => ReferenceEquals(v, BooleanValue.True),
            ["false"] = (r, v, a) => ReferenceEquals(v, BooleanValue.False),
            ["string"] = (r, v, a) => v is TextValue,
            ["number"] = (r, v, a) => v is IntegerValue or FloatValue || (v is BooleanValue && r.IsPython),
            ["integer"] = (r, v, a) => v is IntegerValue,
            ["float"] = (r, v, a) => v is FloatValue,
            ["mapping"] = (r, v, a) => v is DictValue || (v is NamespaceValue && !r.IsPython),
            ["sequence"] = (r, v, a) => v is TextValue or SequenceValue or DictValue or UndefinedValue,
            ["iterable"] = (r, v, a) => v.Elements is not null,
            ["callable"] = (r, v, a) => v is CallableValue,
            ["sameas"] = (r, v, a) => ReferenceEquals(v, a.For("sameas", "other").Required(0)) || SameText(v, a[0]!),
            ["escaped"] = (r, v, a) => v is TextValue { IsSafe: true },
            ["lower"] = (r, v, a) => TextMethods.IsLower(r.Str(v).Text),
            ["upper"] = (r, v, a) => TextMethods.IsUpper(r.Str(v).Text),
            ["odd"] = (r, v, a) => !Remainder("odd", v, 2).IsZero,
            ["even"] = (r, v, a) => Remainder("even", v, 2).IsZero,
            ["divisibleby"] = (r, v, a) => Remainder("divisibleby", v, a.For("divisibleby", "num").Integer(0, 0)).IsZero,
            ["in"] = (r, v, a) => Comparison.Contains(r, a.For("in", "seq").Required(0), v),
            ["filter"] = (r, v, a) => v is TextValue name && Filters.Exists(name.Text),
            ["test"] = (r, v, a) => v is TextValue name && Exists(name.Text),
        };
        foreach ((string sign, string[] names) in (ReadOnlySpan<(string, string[])>)
            [("==", ["==", "eq", "equalto"]), ("!=", ["!=", "ne"]), ("<", ["<", "lt", "lessthan"]),
             ("<=", ["<=", "le"]), (">", [">", "gt", "greaterthan"]), (">=", [">=", "ge"])])
        {
            foreach (string name in names)
            {
                tests[name] = (r, v, a) => Comparison.Holds(r, sign, v, a.For(name, "other").Required(0));
            }
        }

        return tests;
    }

    private static bool SameText(Value left, Value right) =>
        left.GetType() == right.GetType() && left is TextValue or IntegerValue && left.Equals(right);

    private static BigInteger Remainder(string test, Value value, int divisor)
    {
        if (value is UndefinedValue undefined)
        {
            throw undefined.Fault();
        }

        if (value is FloatValue real && Math.Floor(real.Number) == real.Number && double.IsFinite(real.Number))
        {
            value = new IntegerValue(new BigInteger(real.Number));
        }

        return Number.TryInteger(value, out BigInteger number) && divisor != 0
            ? BigInteger.Remainder(number, divisor)
            : throw new TemplateException($"{test}: a {value.TypeName} is no whole number, or the divisor is 0. Give whole numbers");
    }
}
