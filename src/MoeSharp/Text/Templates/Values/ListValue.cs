using MoeSharp.Text.Templates.Functions;

namespace MoeSharp.Text.Templates.Values;

/// <summary>A list, which a template may change; also what filters give that are generators in Python.</summary>
internal sealed class ListValue(List<Value> items) : SequenceValue
{
    public ListValue(IEnumerable<Value> items)
        : this(items.ToList())
    {
    }

    public override List<Value> Items => items;

    public override string TypeName => "list";

    public override SequenceValue With(IEnumerable<Value> items) => new ListValue(items);

    public override Value? Attribute(string name) => ListMethods.Find(this, name);

    public override void Write(ValueWriter writer) => WriteItems(writer, "[", "]");
}
