namespace MoeSharp.Text.Templates.Values;

/// <summary>One group of the <c>groupby</c> filter: a pair whose halves have names.</summary>
internal sealed class GroupValue(Value grouper, ListValue list) : SequenceValue
{
    private readonly Value[] _items = [grouper, list];

    public override IReadOnlyList<Value> Items => _items;

    public override string TypeName => "tuple";

    public override SequenceValue With(IEnumerable<Value> items) => new TupleValue([.. items]);

    public override Value? Attribute(string name) => name switch
    {
        "grouper" => _items[0],
        "list" => _items[1],
        _ => null,
    };

    public override void Write(ValueWriter writer) => WriteItems(writer, "(", ")");
}
