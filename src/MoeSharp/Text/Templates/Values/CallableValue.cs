namespace MoeSharp.Text.Templates.Values;

/// <summary>Something that can be called.</summary>
internal abstract class CallableValue : Value
{
    public override string TypeName => "function";

    /// <summary>Its name, for errors.</summary>
    public abstract string Name { get; }

    public abstract Value Call(Rendering rendering, Arguments arguments);

    public override Value? Attribute(string name) => name == "name" ? new TextValue(Name) : null;

    public override void Write(ValueWriter writer) => writer.Append($"<{TypeName} {Name}>");
}
