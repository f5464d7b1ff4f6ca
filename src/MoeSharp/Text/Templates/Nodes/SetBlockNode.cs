using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{% set target | filter %} … {% endset %}</c>.</summary>
internal sealed class SetBlockNode(int line, Target target, FilterNode? filter, BodyNode body) : Statement(line)
{
    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output)
    {
        Value text = body.Capture(rendering, new Scope(scope));
        target.Assign(rendering, scope, filter is null ? text : filter.Apply(rendering, scope, text));
        return Flow.Next;
    }
}
