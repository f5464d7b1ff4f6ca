using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>-a</c> and <c>+a</c>.</summary>
internal sealed class SignNode(int line, bool isNegative, Expression operand) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope)
    {
        Value value = operand.Evaluate(rendering, scope);
        rendering.Line = Line;
        return value switch
        {
            FloatValue real => new FloatValue(isNegative ? -real.Number : real.Number),
            UndefinedValue undefined => throw undefined.Fault(),
            _ when Number.TryInteger(value, out System.Numerics.BigInteger whole) => new IntegerValue(isNegative ? -whole : whole),
            _ => throw new TemplateException($"a {value.TypeName} has no sign. Give a number"),
        };
    }
}
