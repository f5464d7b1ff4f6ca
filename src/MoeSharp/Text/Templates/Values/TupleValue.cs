namespace MoeSharp.Text.Templates.Values;

/// <summary>A tuple.</summary>
internal sealed class TupleValue(params Value[] items) : SequenceValue
{
    public override IReadOnlyList<Value> Items => items;

    public override string TypeName => "tuple";

    public override SequenceValue With(IEnumerable<Value> items) => new TupleValue([.. items]);

    public override void Write(ValueWriter writer)
    {
        if (writer.IsPython)
        {
            WriteItems(writer, "(", items.Length == 1 ? ",)" : ")");
        }
        else
        {
            WriteItems(writer, "[", "]");
        }
    }
}
