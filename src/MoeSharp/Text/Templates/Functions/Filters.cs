using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>All filters by name.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Func<Rendering, Value, Arguments, Value>> s_all = new(StringComparer.Ordinal);

    static Filters()
    {
        TextFilters.AddTo(s_all);
        ListFilters.AddTo(s_all);
        SelectionFilters.AddTo(s_all);
        NumberFilters.AddTo(s_all);
        OrderFilters.AddTo(s_all);
        JsonFilters.AddTo(s_all);
    }

    public static bool Exists(string name) => s_all.ContainsKey(name);

    /// <summary>Filters a value.</summary>
    /// <exception cref="TemplateException">There is no such filter, or it cannot take the value.</exception>
    public static Value Apply(Rendering rendering, string name, Value input, Arguments arguments) =>
        s_all.TryGetValue(name, out Func<Rendering, Value, Arguments, Value>? filter)
            ? filter(rendering, input, arguments)
            : throw new TemplateException($"there is no filter '{name}'. Correct its name");
}
