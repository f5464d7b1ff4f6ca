using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>a and b</c>, <c>a or b</c>: gives one of its operands; the second is evaluated only when it counts.</summary>
internal sealed class LogicNode(int line, bool isOr, Expression left, Expression right) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope)
    {
        Value first = left.Evaluate(rendering, scope);
        return first.IsTrue == isOr ? first : right.Evaluate(rendering, scope);
    }
}
