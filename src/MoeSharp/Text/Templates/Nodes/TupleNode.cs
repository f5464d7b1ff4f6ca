using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>(a, b)</c>.</summary>
internal sealed class TupleNode(int line, IReadOnlyList<Expression> items) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope) =>
        new TupleValue([.. items.Select(item => item.Evaluate(rendering, scope))]);
}
