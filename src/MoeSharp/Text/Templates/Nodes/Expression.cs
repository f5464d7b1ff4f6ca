using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary>A part of a template that has a value.</summary>
internal abstract class Expression(int line)
{
    public int Line => line;

    /// <summary>The value, with the variables of a place.</summary>
    public Value Evaluate(Rendering rendering, Scope scope)
    {
        rendering.Step(line);
        return Compute(rendering, scope);
    }

    /// <summary>The value for a question whether it is there: what has no owner is not there, and no fault.</summary>
    public virtual Value Ask(Rendering rendering, Scope scope) => Evaluate(rendering, scope);

    protected abstract Value Compute(Rendering rendering, Scope scope);
}
