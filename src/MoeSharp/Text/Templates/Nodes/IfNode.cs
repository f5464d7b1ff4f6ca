using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{% if %} … {% elif %} … {% else %} … {% endif %}</c>; opens no scope.</summary>
internal sealed class IfNode(int line, IReadOnlyList<(Expression Condition, BodyNode Body)> branches, BodyNode? otherwise) : Statement(line)
{
    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output)
    {
        foreach ((Expression condition, BodyNode body) in branches)
        {
            if (condition.Evaluate(rendering, scope).IsTrue)
            {
                return body.Execute(rendering, scope, output);
            }
        }

        return otherwise?.Execute(rendering, scope, output) ?? Flow.Next;
    }
}
