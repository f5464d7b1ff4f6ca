using System.Numerics;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>The functions that every template can call.</summary>
internal static class Globals
{
    private const int MaxRange = 100_000; // as Jinja's sandbox

    public static void AddTo(Scope scope)
    {
        Add(scope, "range", Range);
        Add(scope, "namespace", (r, a) => Space(r, a));
        Add(scope, "dict", (r, a) => Dict(r, a));
        Add(scope, "raise_exception", Raise);
        Add(scope, "strftime_now", (r, a) =>
            new TextValue(TimeText.Format(r.Options.Clock.GetLocalNow(), a.For("strftime_now", "format").Text(0).Text)));
        Add(scope, "cycler", Cycler);
        Add(scope, "joiner", Joiner);
        Add(scope, "lipsum", (r, a) => throw new TemplateException("lipsum: a prompt must not depend on chance. Write the text"));
    }

    private static void Add(Scope scope, string name, Func<Rendering, Arguments, Value> body) => scope.Set(name, new FunctionValue(name, body));

    private static ListValue Range(Rendering rendering, Arguments arguments)
    {
        Arguments a = arguments.For("range", "start", "stop", "step");
        for (int i = 0; i < 3; i++)
        {
            if (a[i] is { } given && !Number.TryInteger(given, out _))
            {
                throw a.Wrong(i, "a whole number");
            }
        }

        int start = a[1] is null ? 0 : a.Integer(0, 0), stop = a[1] is null ? a.Integer(0, 0) : a.Integer(1, 0), step = a.Integer(2, 1);
        if (step == 0 || a.Positional.Count + a.Named.Count == 0)
        {
            throw new TemplateException("range: it needs an end, and a step that is not 0. Give range(end) or range(start, end, step)");
        }

        long count = Math.Max(0, ((long)stop - start + step - Math.Sign(step)) / step);
        return count > MaxRange
            ? throw new TemplateException($"range: {count:N0} numbers are too many. Use at most {MaxRange:N0}")
            : rendering.List(Enumerable.Range(0, (int)count).Select(i => (Value)new IntegerValue(start + ((BigInteger)i * step))));
    }

    private static NamespaceValue Space(Rendering rendering, Arguments arguments)
    {
        var space = new NamespaceValue();
        Fill(rendering, space.Fields, arguments);
        return space;
    }

    private static DictValue Dict(Rendering rendering, Arguments arguments)
    {
        var dict = new DictValue();
        Fill(rendering, dict, arguments);
        return dict;
    }

    private static void Fill(Rendering rendering, DictValue dict, Arguments arguments)
    {
        foreach (Value pairs in arguments.Positional)
        {
            DictMethods.Merge(rendering, dict, pairs);
        }

        foreach ((string name, Value value) in arguments.Named)
        {
            dict.Set(name, value);
        }
    }

    private static Value Raise(Rendering rendering, Arguments arguments) =>
        throw new TemplateException(rendering.Str(arguments.For("raise_exception", "message").Required(0)).Text) { IsRefusal = true };

    private static NamespaceValue Cycler(Rendering rendering, Arguments arguments)
    {
        IReadOnlyList<Value> items = arguments.Positional;
        if (items.Count == 0)
        {
            throw new TemplateException("cycler: there is nothing to cycle through. Give at least one value");
        }

        int place = 0;
        var cycler = new NamespaceValue();
        cycler.Fields.Set("current", items[0]);
        cycler.Fields.Set("next", new FunctionValue("next", (r, a) =>
        {
            Value item = items[place];
            place = (place + 1) % items.Count;
            cycler.Fields.Set("current", items[place]);
            return item;
        }));
        cycler.Fields.Set("reset", new FunctionValue("reset", (r, a) =>
        {
            place = 0;
            cycler.Fields.Set("current", items[0]);
            return NoneValue.Instance;
        }));
        return cycler;
    }

    private static FunctionValue Joiner(Rendering rendering, Arguments arguments)
    {
        TextValue separator = arguments.For("joiner", "sep").OptionalText(0) ?? new TextValue(", ");
        bool used = false;
        return new FunctionValue("joiner", (r, a) =>
        {
            TextValue text = used ? separator : TextValue.Empty;
            used = true;
            return text;
        });
    }
}
