namespace MoeSharp.Text.Templates.Values;

/// <summary>Python's <c>None</c>, JSON's <c>null</c>.</summary>
internal sealed class NoneValue : Value
{
    private NoneValue()
    {
    }

    public static NoneValue Instance { get; } = new();

    public override string TypeName => "NoneType";

    public override bool IsTrue => false;

    public override void Write(ValueWriter writer) => writer.Append(writer.IsPython ? "None" : "null");
}
