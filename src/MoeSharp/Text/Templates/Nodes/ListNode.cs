using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>[a, b]</c>.</summary>
internal sealed class ListNode(int line, IReadOnlyList<Expression> items) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope) => new ListValue(items.Select(item => item.Evaluate(rendering, scope)));
}
