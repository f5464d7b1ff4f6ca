using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{% with a = 1, b = 2 %} … {% endwith %}</c>; the values do not see each other.</summary>
internal sealed class WithNode(int line, IReadOnlyList<(Target Target, Expression Value)> variables, BodyNode body) : Statement(line)
{
    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output)
    {
        var inner = new Scope(scope);
        foreach ((Target target, Expression value) in variables)
        {
            target.Assign(rendering, inner, value.Evaluate(rendering, scope));
        }

        return body.Execute(rendering, inner, output);
    }
}
