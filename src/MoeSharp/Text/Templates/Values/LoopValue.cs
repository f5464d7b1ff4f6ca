using MoeSharp.Text.Templates.Nodes;

namespace MoeSharp.Text.Templates.Values;

/// <summary>The variable <c>loop</c>: where a loop stands; called, it runs a recursive loop over other elements.</summary>
internal sealed class LoopValue(ForNode node, Scope scope, IReadOnlyList<Value> items, int depth) : CallableValue
{
    private Value? _seen;

    /// <summary>The element that the body sees.</summary>
    public int Index { get; set; }

    public override string Name => "loop";

    public override string TypeName => "loop";

    public override int? Count => items.Count;

    public override Value? Attribute(string name) => name switch
    {
        "index" => Whole(Index + 1),
        "index0" => Whole(Index),
        "revindex" => Whole(items.Count - Index),
        "revindex0" => Whole(items.Count - Index - 1),
        "first" => BooleanValue.Of(Index == 0),
        "last" => BooleanValue.Of(Index == items.Count - 1),
        "length" => Whole(items.Count),
        "depth" => Whole(depth + 1),
        "depth0" => Whole(depth),
        "previtem" => Index > 0 ? items[Index - 1] : new UndefinedValue("there is no previous item"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new UndefinedValue("there is no next item"),
        "cycle" => new FunctionValue("cycle", Cycle),
        "changed" => new FunctionValue("changed", Changed),
        _ => null,
    };

    public override Value? Item(Value key) => key is TextValue name ? Attribute(name.Text) : null;

    public override Value Call(Rendering rendering, Arguments arguments)
    {
        if (!node.IsRecursive)
        {
            throw new TemplateException("loop() needs a loop that says 'recursive'. Write {% for … in … recursive %}");
        }

        using RenderBudget.Level level = rendering.Budget.Enter();
        var output = new ValueWriter(rendering);
        node.Run(rendering, scope, arguments.For("loop", "iterable").Required(0), depth + 1, output);
        return output.ToText();
    }

    private static IntegerValue Whole(int number) => new(number);

    private Value Cycle(Rendering rendering, Arguments arguments) => arguments.Positional.Count == 0
        ? throw new TemplateException("loop.cycle() needs at least one value. Give the values to take in turn")
        : arguments.Positional[Index % arguments.Positional.Count];

    private BooleanValue Changed(Rendering rendering, Arguments arguments)
    {
        var now = new TupleValue([.. arguments.Positional]);
        bool changed = !now.Equals(_seen);
        _seen = now;
        return BooleanValue.Of(changed);
    }
}
