using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>owner[key]</c>: an element first, then a method or field.</summary>
internal sealed class ItemNode(int line, Expression owner, Expression key) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope)
    {
        Value value = owner is NameNode variable ? variable.EvaluateOwner(rendering, scope) : owner.Evaluate(rendering, scope);
        Value wanted = key.Evaluate(rendering, scope);
        rendering.Line = Line;
        return Lookup.Item(rendering, value, wanted);
    }
}
