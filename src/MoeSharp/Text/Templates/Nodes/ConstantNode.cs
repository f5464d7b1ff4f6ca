using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary>A value that is written out.</summary>
internal sealed class ConstantNode(int line, Value value) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope) => value;
}
