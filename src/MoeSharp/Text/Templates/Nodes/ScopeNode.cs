using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary>A block with variables of its own and no other effect: <c>generation</c>, <c>autoescape</c>, <c>block</c>.</summary>
internal sealed class ScopeNode(int line, BodyNode body) : Statement(line)
{
    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output) => body.Execute(rendering, new Scope(scope), output);
}
