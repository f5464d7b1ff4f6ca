using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{% macro name(parameters) %} … {% endmacro %}</c>, and the body of a call block.</summary>
/// <param name="line">Where it stands.</param>
/// <param name="name">Its name.</param>
/// <param name="parameters">What it takes.</param>
/// <param name="body">What it writes.</param>
/// <param name="usesRest">Whether it takes more values than it has parameters.</param>
/// <param name="usesNamedRest">Whether it takes names that are no parameters.</param>
internal sealed class MacroNode(
    int line, string name, IReadOnlyList<MacroParameter> parameters, BodyNode body, bool usesRest, bool usesNamedRest) : Statement(line)
{
    public string Name => name;

    public IReadOnlyList<MacroParameter> Parameters => parameters;

    public BodyNode Body => body;

    public bool UsesRest => usesRest;

    public bool UsesNamedRest => usesNamedRest;

    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output)
    {
        scope.Set(name, new MacroValue(this, scope));
        return Flow.Next;
    }
}
