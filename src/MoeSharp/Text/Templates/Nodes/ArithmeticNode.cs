using MoeSharp.Text.Templates.Functions;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>a + b</c> and the other operators of arithmetic.</summary>
internal sealed class ArithmeticNode(int line, string sign, Expression left, Expression right) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope)
    {
        Value first = left.Evaluate(rendering, scope), second = right.Evaluate(rendering, scope);
        rendering.Line = Line;
        return Arithmetic.Apply(rendering, sign, first, second);
    }
}
