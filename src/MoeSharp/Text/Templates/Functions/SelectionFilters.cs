using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>Filters that choose or change every element: <c>map</c>, <c>select</c>, <c>selectattr</c> and their opposites.</summary>
internal static class SelectionFilters
{
    public static void AddTo(Dictionary<string, Func<Rendering, Value, Arguments, Value>> filters)
    {
        filters["map"] = Map;
        filters["select"] = (r, input, a) => Select(r, input, a, "select", byAttribute: false, wanted: true);
        filters["reject"] = (r, input, a) => Select(r, input, a, "reject", byAttribute: false, wanted: false);
        filters["selectattr"] = (r, input, a) => Select(r, input, a, "selectattr", byAttribute: true, wanted: true);
        filters["rejectattr"] = (r, input, a) => Select(r, input, a, "rejectattr", byAttribute: true, wanted: false);
    }

    private static ListValue Map(Rendering rendering, Value input, Arguments arguments)
    {
        if (arguments.Positional.Count == 0)
        {
            Arguments a = arguments.For("map", "attribute", "default");
            Value path = a.Required(0);
            return rendering.List(Items(rendering, input).Select(item => Lookup.Path(rendering, item, path, a[1])));
        }

        string filter = Name("map", arguments.Positional[0], "filter");
        var rest = new Arguments([.. arguments.Positional.Skip(1)], arguments.Named);
        return rendering.List(Items(rendering, input).Select(item => Filters.Apply(rendering, filter, item, rest)));
    }

    private static ListValue Select(Rendering rendering, Value input, Arguments arguments, string name, bool byAttribute, bool wanted)
    {
        IReadOnlyList<Value> values = arguments.Positional;
        int used = byAttribute ? 1 : 0;
        if (values.Count < used)
        {
            throw new TemplateException($"{name}: the name of the attribute is missing. Give it first");
        }

        string? test = values.Count > used ? Name(name, values[used], "test") : null;
        var rest = new Arguments([.. values.Skip(used + 1)], arguments.Named);
        return rendering.List(Items(rendering, input).Where(item =>
        {
            Value subject = byAttribute ? Lookup.Path(rendering, item, values[0]) : item;
            return (test is null ? subject.IsTrue : ValueTests.Check(rendering, test, subject, rest)) == wanted;
        }));
    }

    // Jinja lets an empty value pass, even one that cannot be looped over.
    private static IReadOnlyList<Value> Items(Rendering rendering, Value input) => input.IsTrue ? rendering.Elements(input) : [];

    private static string Name(string filter, Value value, string what) => value is TextValue text
        ? text.Text
        : throw new TemplateException($"{filter}: the name of a {what} must be a text, got a {value.TypeName}. Put it in quotes");
}
