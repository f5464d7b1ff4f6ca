using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>value if condition else otherwise</c>; undefined without an else.</summary>
internal sealed class ConditionalNode(int line, Expression condition, Expression value, Expression? otherwise) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope) => condition.Evaluate(rendering, scope).IsTrue
        ? value.Evaluate(rendering, scope)
        : otherwise?.Evaluate(rendering, scope) ?? new UndefinedValue("the condition of an 'if' without 'else' was false, so there is no value");
}
