using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary>A variable.</summary>
internal sealed class NameNode(int line, string name) : Expression(line)
{
    /// <summary>The value to look into: where transformers would stop because there is no such variable, the callers of a macro are
    /// asked too, as other engines do and templates written for them need.</summary>
    public Value EvaluateOwner(Rendering rendering, Scope scope) =>
        scope.Find(name) ?? scope.FindInCallers(name) ?? Evaluate(rendering, scope);

    protected override Value Compute(Rendering rendering, Scope scope) => scope.Find(name) ?? new UndefinedValue($"'{name}' is undefined");
}
