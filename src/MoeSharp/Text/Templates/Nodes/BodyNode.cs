using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary>Statements in order.</summary>
internal sealed class BodyNode(IReadOnlyList<Statement> statements)
{
    /// <summary>Runs them until one leaves the loop.</summary>
    public Flow Execute(Rendering rendering, Scope scope, ValueWriter output)
    {
        for (int i = 0; i < statements.Count; i++)
        {
            Flow flow = statements[i].Execute(rendering, scope, output);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    /// <summary>Runs them into a text of its own.</summary>
    public TextValue Capture(Rendering rendering, Scope scope)
    {
        var output = new ValueWriter(rendering);
        Execute(rendering, scope, output);
        return output.ToText();
    }
}
