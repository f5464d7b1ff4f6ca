using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates;

/// <summary>Variables of a block, within those of the blocks around it.</summary>
/// <param name="parent">The block around it as the template is written; null for the outermost.</param>
/// <param name="caller">Where a macro was called from; null outside macros.</param>
internal sealed class Scope(Scope? parent, Scope? caller = null)
{
    private Dictionary<string, Value>? _variables;

    public void Set(string name, Value value) => (_variables ??= new(StringComparer.Ordinal))[name] = value;

    /// <summary>A variable as Jinja finds it: where the template is written, never where a macro is called.</summary>
    public Value? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._variables?.GetValueOrDefault(name) is { } value)
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>A variable of the callers of the macros around this place, for templates that rely on it.</summary>
    public Value? FindInCallers(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope.Caller is { } caller)
            {
                return caller.Find(name) ?? caller.FindInCallers(name);
            }
        }

        return null;
    }

    private Scope? Outer => parent;

    private Scope? Caller => caller;
}
