namespace MoeSharp.Text.Templates.Values;

/// <summary>What is not there: empty in a text, false in a condition, nothing in a loop, a fault in any other use.</summary>
/// <param name="reason">What a fault says: <c>'x' is undefined</c>.</param>
internal sealed class UndefinedValue(string reason) : Value
{
    private static readonly Value[] s_nothing = [];

    public string Reason => reason;

    public override string TypeName => "Undefined";

    public override bool IsTrue => false;

    public override int? Count => 0;

    public override IReadOnlyList<Value> Elements => s_nothing;

    /// <summary>The fault of using it.</summary>
    public TemplateException Fault() =>
        new($"{reason}. Give it a value, or let the template ask with 'is defined' or the default filter");

    public override void Write(ValueWriter writer)
    {
        // as Jinja's default Undefined
    }

    public override void WriteQuoted(ValueWriter writer) => writer.Append(writer.IsPython ? "Undefined" : "undefined");

    public override bool EqualTo(Value other, ref int work) => other is UndefinedValue;

    public override int GetHashCode() => 0;
}
