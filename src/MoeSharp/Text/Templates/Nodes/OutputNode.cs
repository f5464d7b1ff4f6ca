using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{{ value }}</c>.</summary>
internal sealed class OutputNode(int line, Expression value) : Statement(line)
{
    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output)
    {
        Value result = value.Evaluate(rendering, scope);
        if (rendering.IsPython || result is not NoneValue)
        {
            result.Write(output);
        }

        return Flow.Next;
    }
}
