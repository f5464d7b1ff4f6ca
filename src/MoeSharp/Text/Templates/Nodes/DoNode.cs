using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{% do expression %}</c>: evaluates and writes nothing.</summary>
internal sealed class DoNode(int line, Expression value) : Statement(line)
{
    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output)
    {
        value.Evaluate(rendering, scope);
        return Flow.Next;
    }
}
