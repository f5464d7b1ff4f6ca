using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>owner.name</c>: a method or field first, then an element.</summary>
internal sealed class AttributeNode(int line, Expression owner, string name) : Expression(line)
{
    public override Value Ask(Rendering rendering, Scope scope)
    {
        Value value = owner is NameNode variable ? variable.EvaluateOwner(rendering, scope) : owner.Ask(rendering, scope);
        rendering.Step(Line);
        return value is UndefinedValue ? value : Lookup.Attribute(rendering, value, name);
    }

    protected override Value Compute(Rendering rendering, Scope scope)
    {
        Value value = owner is NameNode variable ? variable.EvaluateOwner(rendering, scope) : owner.Evaluate(rendering, scope);
        rendering.Line = Line;
        return Lookup.Attribute(rendering, value, name);
    }
}
