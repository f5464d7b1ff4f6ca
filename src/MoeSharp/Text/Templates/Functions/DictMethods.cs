using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>The methods of Python's dictionaries.</summary>
internal static class DictMethods
{
    /// <summary>A method of a dictionary, or null.</summary>
    public static Value? Find(DictValue dict, string name) => name switch
    {
        "get" => Method(name, (r, a) => a.For(name, "key", "default") is var b
            ? dict.Entries.GetValueOrDefault(DictValue.Hashable(b.Required(0))) ?? b[1] ?? NoneValue.Instance
            : NoneValue.Instance),
        "items" => Method(name, (r, a) => r.List(dict.Pairs)),
        "keys" => Method(name, (r, a) => r.List(dict.Entries.Keys)),
        "values" => Method(name, (r, a) => r.List(dict.Entries.Values)),
        "copy" => Method(name, (r, a) => Merge(r, new DictValue(), dict)),
        "pop" => Method(name, (r, a) => Pop(dict, a.For(name, "key", "default"))),
        "setdefault" => Method(name, (r, a) => SetDefault(dict, a.For(name, "key", "default"))),
        "update" => Method(name, (r, a) => Update(r, dict, a)),
        "clear" => Method(name, (r, a) =>
        {
            dict.Entries.Clear();
            return NoneValue.Instance;
        }),
        _ => null,
    };

    /// <summary>Puts the pairs of a value into a dictionary.</summary>
    public static DictValue Merge(Rendering rendering, DictValue into, Value pairs)
    {
        foreach (Value pair in pairs is DictValue dict ? [.. dict.Pairs] : rendering.Elements(pairs))
        {
            IReadOnlyList<Value> both = rendering.Elements(pair);
            if (both.Count != 2)
            {
                throw new TemplateException($"a dictionary is made of pairs, got {both.Count} values. Give pairs");
            }

            into.Set(both[0], both[1]);
        }

        return into;
    }

    private static FunctionValue Method(string name, Func<Rendering, Arguments, Value> body) => new(name, body);

    private static Value Pop(DictValue dict, Arguments arguments)
    {
        Value key = DictValue.Hashable(arguments.Required(0));
        return dict.Entries.Remove(key, out Value? value) ? value
            : arguments[1] ?? throw new TemplateException("pop: the key is not in the dictionary. Test with 'in' first, or give a default");
    }

    private static Value SetDefault(DictValue dict, Arguments arguments)
    {
        Value key = DictValue.Hashable(arguments.Required(0));
        if (!dict.Entries.TryGetValue(key, out Value? value))
        {
            value = arguments[1] ?? NoneValue.Instance;
            dict.Set(key, value);
        }

        return value;
    }

    private static NoneValue Update(Rendering rendering, DictValue dict, Arguments arguments)
    {
        foreach (Value pairs in arguments.Positional)
        {
            Merge(rendering, dict, pairs);
        }

        foreach ((string name, Value value) in arguments.Named)
        {
            dict.Set(name, value);
        }

        rendering.Budget.CheckLength(dict.Entries.Count);
        return NoneValue.Instance;
    }
}
