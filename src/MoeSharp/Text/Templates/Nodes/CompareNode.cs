using MoeSharp.Text.Templates.Functions;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>a &lt; b == c</c>: each operand with the next, until one comparison fails.</summary>
internal sealed class CompareNode(int line, Expression first, IReadOnlyList<(string Operator, Expression Operand)> others) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope)
    {
        Value left = first.Evaluate(rendering, scope);
        foreach ((string sign, Expression operand) in others)
        {
            Value right = operand.Evaluate(rendering, scope);
            rendering.Line = Line;
            if (!Comparison.Holds(rendering, sign, left, right))
            {
                return BooleanValue.False;
            }

            left = right;
        }

        return BooleanValue.True;
    }
}
