using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>Filters over lists and dictionaries.</summary>
internal static class ListFilters
{
    public static void AddTo(Dictionary<string, Func<Rendering, Value, Arguments, Value>> filters)
    {
        filters["length"] = filters["count"] = (r, input, a) => new IntegerValue(Length(input));
        filters["list"] = (r, input, a) => r.List(r.Elements(input));
        filters["first"] = (r, input, a) => r.Elements(input) is { Count: > 0 } items ? items[0] : Empty("first");
        filters["last"] = (r, input, a) => r.Elements(input) is { Count: > 0 } items ? items[^1] : Empty("last");
        filters["join"] = Join;
        filters["items"] = Items;
        filters["reverse"] = Reverse;
        filters["batch"] = Batch;
        filters["slice"] = Slice;
        filters["default"] = filters["d"] = Default;
        filters["attr"] = (r, input, a) => Lookup.Attribute(r, input, a.For("attr", "name").Text(0).Text);
        filters["random"] = (r, input, a) => throw new TemplateException("random: a prompt must not depend on chance. Choose a value");
    }

    private static int Length(Value value) =>
        value.Count ?? throw new TemplateException($"a {value.TypeName} has no length. Give a text, a list or a dictionary");

    private static UndefinedValue Empty(string name) => new($"there is no {name} element, since the list is empty");

    private static TextValue Join(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("join", "d", "attribute");
        TextValue separator = a[0] is { } given ? rendering.Str(given) : TextValue.Empty;
        var writer = new ValueWriter(rendering);
        bool first = true;
        foreach (Value item in rendering.Elements(input))
        {
            if (!first)
            {
                writer.Append(separator);
            }

            Value part = a[1] is { } path and not NoneValue ? Lookup.Path(rendering, item, path) : item;
            part.Write(writer);
            first = false;
        }

        return writer.ToText();
    }

    private static ListValue Items(Rendering rendering, Value input, Arguments arguments) => input switch
    {
        DictValue dict => rendering.List(dict.Pairs),
        NamespaceValue space when !rendering.IsPython => rendering.List(space.Fields.Pairs),
        UndefinedValue => new ListValue([]),
        _ => throw new TemplateException($"items: a {input.TypeName} has no pairs. Give a dictionary"),
    };

    private static Value Reverse(Rendering rendering, Value input, Arguments arguments)
    {
        if (input is not TextValue text)
        {
            return rendering.List(rendering.Elements(input).Reverse());
        }

        var writer = new ValueWriter(rendering);
        foreach (Value element in text.Elements.Reverse())
        {
            writer.Append((TextValue)element);
        }

        return writer.ToText(text.IsSafe);
    }

    private static ListValue Batch(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("batch", "linecount", "fill_with");
        int size = Positive("batch", a.Integer(0, 0));
        IEnumerable<Value> batches = rendering.Elements(input).Chunk(size)
            .Select(chunk => (Value)Filled(rendering, chunk, a[1], size));
        return rendering.List(batches);
    }

    private static ListValue Slice(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("slice", "slices", "fill_with");
        int count = Positive("slice", a.Integer(0, 0));
        rendering.Budget.CheckLength(count);
        IReadOnlyList<Value> items = rendering.Elements(input);
        int each = items.Count / count, longer = items.Count % count, start = 0;
        var slices = new List<Value>();
        for (int i = 0; i < count; i++)
        {
            int size = each + (i < longer ? 1 : 0);
            slices.Add(Filled(rendering, items.Skip(start).Take(size), i >= longer ? a[1] : null, each + 1));
            start += size;
        }

        return new ListValue(slices);
    }

    private static ListValue Filled(Rendering rendering, IEnumerable<Value> items, Value? fill, int size)
    {
        ListValue list = rendering.List(items);
        if (fill is not (null or NoneValue))
        {
            rendering.Budget.CheckLength(size);
            rendering.Budget.Charge(size);
            list.Items.AddRange(Enumerable.Repeat(fill, Math.Max(size - list.Items.Count, 0)));
        }

        return list;
    }

    private static int Positive(string filter, int size) =>
        size > 0 ? size : throw new TemplateException($"{filter}: the size must be at least 1, got {size}. Give a larger one");

    private static Value Default(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("default", "default_value", "boolean");
        return input is UndefinedValue || (a.Boolean(1, false) && !input.IsTrue) ? a[0] ?? TextValue.Empty : input;
    }
}
