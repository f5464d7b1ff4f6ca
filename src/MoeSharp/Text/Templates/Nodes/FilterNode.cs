using MoeSharp.Text.Templates.Functions;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>operand | name(arguments)</c>; without operand, what a block writes is filtered.</summary>
internal sealed class FilterNode(int line, Expression? operand, string name, CallArguments arguments) : Expression(line)
{
    /// <summary>Filters a value: with the filters before this one first, when they stand without operand.</summary>
    public Value Apply(Rendering rendering, Scope scope, Value value)
    {
        Value input = operand is FilterNode before ? before.Apply(rendering, scope, value) : value;
        return ApplyOne(rendering, scope, input);
    }

    protected override Value Compute(Rendering rendering, Scope scope) =>
        ApplyOne(rendering, scope, operand!.Evaluate(rendering, scope));

    private Value ApplyOne(Rendering rendering, Scope scope, Value input)
    {
        Arguments given = arguments.Evaluate(rendering, scope);
        rendering.Line = Line;
        return Filters.Apply(rendering, name, input, given);
    }
}
