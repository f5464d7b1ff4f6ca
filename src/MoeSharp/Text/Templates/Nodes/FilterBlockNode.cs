using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{% filter name %} … {% endfilter %}</c>.</summary>
internal sealed class FilterBlockNode(int line, FilterNode filter, BodyNode body) : Statement(line)
{
    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output)
    {
        var inner = new Scope(scope);
        filter.Apply(rendering, inner, body.Capture(rendering, inner)).Write(output);
        return Flow.Next;
    }
}
