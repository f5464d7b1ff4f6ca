namespace MoeSharp.Text.Templates.Values;

/// <summary>What <c>namespace()</c> makes: variables that can be set from inside a loop.</summary>
internal sealed class NamespaceValue : Value
{
    public DictValue Fields { get; } = new();

    public override string TypeName => "Namespace";

    public override Value? Attribute(string name) => Fields.Find(name);

    public override Value? Item(Value key) => key is TextValue name ? Fields.Find(name.Text) : null;

    public override void Write(ValueWriter writer)
    {
        writer.Append("<Namespace ");
        Fields.Write(writer);
        writer.Append(">");
    }
}
