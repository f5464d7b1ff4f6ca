using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>Filters that compare elements with each other.</summary>
internal static class OrderFilters
{
    public static void AddTo(Dictionary<string, Func<Rendering, Value, Arguments, Value>> filters)
    {
        filters["sort"] = Sort;
        filters["dictsort"] = SortDict;
        filters["unique"] = Unique;
        filters["groupby"] = Group;
        filters["min"] = (r, input, a) => Extreme(r, input, a.For("min", "case_sensitive", "attribute"), sign: -1);
        filters["max"] = (r, input, a) => Extreme(r, input, a.For("max", "case_sensitive", "attribute"), sign: 1);
    }

    private static ListValue Sort(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("sort", "reverse", "case_sensitive", "attribute");
        bool sensitive = a.Boolean(1, false);
        Value[] paths = a[2] switch
        {
            null or NoneValue => [],
            TextValue text => [.. text.Text.Split(',').Select(part => (Value)new TextValue(part))],
            Value path => [path],
        };
        return Ordered(rendering, rendering.Elements(input), a.Boolean(0, false), item => paths.Length switch
        {
            0 => Folded(item, sensitive),
            1 => Folded(Lookup.Path(rendering, item, paths[0]), sensitive),
            _ => new ListValue(paths.Select(path => Folded(Lookup.Path(rendering, item, path), sensitive))),
        });
    }

    private static ListValue SortDict(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("dictsort", "case_sensitive", "by", "reverse");
        bool sensitive = a.Boolean(0, false);
        string by = a.OptionalText(1)?.Text ?? "key";
        if (by is not ("key" or "value"))
        {
            throw new TemplateException($"dictsort: 'by' must be 'key' or 'value', got '{by}'. Choose one");
        }

        if (input is not DictValue dict)
        {
            throw new TemplateException($"dictsort: a {input.TypeName} has no pairs. Give a dictionary");
        }

        return Ordered(rendering, [.. dict.Pairs], a.Boolean(2, false),
            pair => Folded(((TupleValue)pair).Items[by == "key" ? 0 : 1], sensitive));
    }

    private static ListValue Unique(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("unique", "case_sensitive", "attribute");
        var seen = new HashSet<Value>();
        return rendering.List(rendering.Elements(input).Where(item => seen.Add(DictValue.Hashable(Key(rendering, item, a)))));
    }

    private static ListValue Group(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("groupby", "attribute", "default", "case_sensitive");
        Value path = a.Required(0);
        bool sensitive = a.Boolean(2, false);
        Value KeyOf(Value item) => Lookup.Path(rendering, item, path, a[1]);
        var groups = new List<(Value Key, Value Shown, List<Value> Items)>();
        foreach (Value item in Ordered(rendering, rendering.Elements(input), false, item => Folded(KeyOf(item), sensitive)).Items)
        {
            Value key = Folded(KeyOf(item), sensitive);
            if (groups.Count == 0 || !groups[^1].Key.Equals(key))
            {
                groups.Add((key, KeyOf(item), []));
            }

            groups[^1].Items.Add(item);
        }

        return rendering.List(groups.Select(group => (Value)new GroupValue(group.Shown, new ListValue(group.Items))));
    }

    private static Value Extreme(Rendering rendering, Value input, Arguments arguments, int sign)
    {
        Value? best = null, bestKey = null;
        foreach (Value item in rendering.Elements(input))
        {
            Value key = Key(rendering, item, arguments);
            if (bestKey is null || Math.Sign(Comparison.Order(key, bestKey) ?? 0) == sign)
            {
                (best, bestKey) = (item, key);
            }
        }

        return best ?? new UndefinedValue("an empty list has no smallest or largest element");
    }

    // Parameter 0 says whether case counts, 1 what of an element is compared.
    private static Value Key(Rendering rendering, Value item, Arguments arguments) =>
        Folded(arguments[1] is { } path and not NoneValue ? Lookup.Path(rendering, item, path) : item, arguments.Boolean(0, false));

    private static Value Folded(Value value, bool sensitive) =>
        value is TextValue text && !sensitive ? new TextValue(text.Text.ToLowerInvariant()) : value;

    // Stable in both directions: equal elements keep their order.
    private static ListValue Ordered(Rendering rendering, IReadOnlyList<Value> items, bool reverse, Func<Value, Value> key)
    {
        (Value Item, Value Key)[] keyed = [.. items.Select(item => (item, key(item)))];
        Comparer<Value> comparer = Comparer<Value>.Create((left, right) =>
        {
            rendering.Budget.Tick();
            return ReferenceEquals(left, right) || (!rendering.IsPython && left.GetType() == right.GetType() && left is UndefinedValue or NoneValue)
                || left.Equals(right) ? 0 : Comparison.Order(left, right) ?? 0;
        });
        IEnumerable<(Value Item, Value Key)> ordered = reverse
            ? keyed.OrderByDescending(pair => pair.Key, comparer)
            : keyed.OrderBy(pair => pair.Key, comparer);
        try
        {
            return rendering.List(ordered.Select(pair => pair.Item));
        }
        catch (InvalidOperationException fault) when (fault.InnerException is TemplateException inner)
        {
            throw inner;
        }
    }
}
