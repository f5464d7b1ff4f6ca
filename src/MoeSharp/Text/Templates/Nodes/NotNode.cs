using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>not a</c>.</summary>
internal sealed class NotNode(int line, Expression operand) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope) => BooleanValue.Of(!operand.Evaluate(rendering, scope).IsTrue);
}
