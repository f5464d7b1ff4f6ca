using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{% break %}</c> and <c>{% continue %}</c>.</summary>
internal sealed class LoopControlNode(int line, Flow flow) : Statement(line)
{
    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output) => flow;
}
