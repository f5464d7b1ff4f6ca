using MoeSharp.Text.Templates.Functions;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>operand is name(arguments)</c>.</summary>
internal sealed class TestNode(int line, Expression operand, string name, CallArguments arguments) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope)
    {
        Value value = name is "defined" or "undefined" ? operand.Ask(rendering, scope) : operand.Evaluate(rendering, scope);
        Arguments given = arguments.Evaluate(rendering, scope);
        rendering.Line = Line;
        return BooleanValue.Of(ValueTests.Check(rendering, name, value, given));
    }
}
