using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>The methods of Python's lists. Those that change a list are errors in transformers' sandbox; templates for other engines use them.</summary>
internal static class ListMethods
{
    /// <summary>A method of a list, or null.</summary>
    public static Value? Find(ListValue list, string name) => name switch
    {
        "append" => Method(name, (r, a) => Grow(r, list, [a.For(name, "item").Required(0)])),
        "extend" => Method(name, (r, a) => Grow(r, list, r.Elements(a.For(name, "iterable").Required(0)))),
        "insert" => Method(name, (r, a) => Insert(r, list, a.For(name, "index", "item"))),
        "pop" => Method(name, (r, a) => Pop(list, a.For(name, "index").Integer(0, -1))),
        "remove" => Method(name, (r, a) => list.Items.Remove(a.For(name, "item").Required(0)) ? NoneValue.Instance : throw NotThere(name)),
        "clear" => Method(name, (r, a) => Change(list.Items.Clear)),
        "reverse" => Method(name, (r, a) => Change(list.Items.Reverse)),
        "sort" => Method(name, (r, a) => Sort(r, list, a)),
        "copy" => Method(name, (r, a) => r.List(list.Items)),
        "index" => Method(name, (r, a) => list.Items.IndexOf(a.For(name, "item").Required(0)) is >= 0 and int at ? new IntegerValue(at) : throw NotThere(name)),
        "count" => Method(name, (r, a) => new IntegerValue(list.Items.Count(a.For(name, "item").Required(0).Equals))),
        _ => null,
    };

    private static FunctionValue Method(string name, Func<Rendering, Arguments, Value> body) => new(name, body);

    private static NoneValue Change(Action change)
    {
        change();
        return NoneValue.Instance;
    }

    private static NoneValue Grow(Rendering rendering, ListValue list, IReadOnlyList<Value> items)
    {
        rendering.Budget.Charge(items.Count);
        rendering.Budget.CheckLength((long)list.Items.Count + items.Count);
        list.Items.AddRange(items);
        return NoneValue.Instance;
    }

    private static NoneValue Insert(Rendering rendering, ListValue list, Arguments arguments)
    {
        int index = arguments.Integer(0, 0);
        Value item = arguments.Required(1);
        rendering.Budget.CheckLength(list.Items.Count + 1L);
        list.Items.Insert(Math.Clamp(index < 0 ? index + list.Items.Count : index, 0, list.Items.Count), item);
        return NoneValue.Instance;
    }

    private static Value Pop(ListValue list, int index)
    {
        index = index < 0 ? index + list.Items.Count : index;
        if ((uint)index >= (uint)list.Items.Count)
        {
            throw new TemplateException($"pop: there is no element {index} in a list of {list.Items.Count}. Test its length first");
        }

        Value item = list.Items[index];
        list.Items.RemoveAt(index);
        return item;
    }

    private static NoneValue Sort(Rendering rendering, ListValue list, Arguments arguments)
    {
        var reverse = new Arguments([BooleanValue.Of(arguments.Named.GetValueOrDefault("reverse")?.IsTrue == true), BooleanValue.True]);
        var sorted = (ListValue)Filters.Apply(rendering, "sort", list, reverse);
        list.Items.Clear();
        list.Items.AddRange(sorted.Items);
        return NoneValue.Instance;
    }

    private static TemplateException NotThere(string name) => new($"{name}: the element is not in the list. Test with 'in' first");
}
