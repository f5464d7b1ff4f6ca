using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>a ~ b</c>: joins anything as text.</summary>
internal sealed class ConcatenationNode(int line, IReadOnlyList<Expression> parts) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope)
    {
        var writer = new ValueWriter(rendering);
        foreach (Expression part in parts)
        {
            part.Evaluate(rendering, scope).Write(writer);
        }

        return writer.ToText();
    }
}
