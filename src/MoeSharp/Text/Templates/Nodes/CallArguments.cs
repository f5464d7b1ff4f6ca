using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary>The arguments of a call as they are written.</summary>
internal sealed class CallArguments
{
    private readonly List<CallArgument> _arguments = [];

    /// <summary>Adds one.</summary>
    /// <exception cref="TemplateException">A value by place follows one by name.</exception>
    public void Add(CallArgument argument)
    {
        if (argument.Kind == CallArgumentKind.Positional && _arguments.Any(other => other.Kind is not CallArgumentKind.Positional))
        {
            throw new TemplateException("a value without name follows one with a name. Put it before");
        }

        _arguments.Add(argument);
    }

    /// <summary>Their values.</summary>
    public Arguments Evaluate(Rendering rendering, Scope scope, MacroValue? caller = null)
    {
        if (_arguments.Count == 0 && caller is null)
        {
            return new Arguments();
        }

        var positional = new List<Value>();
        var named = new OrderedDictionary<string, Value>();
        foreach (CallArgument argument in _arguments)
        {
            Value value = argument.Value.Evaluate(rendering, scope);
            switch (argument.Kind)
            {
                case CallArgumentKind.Positional:
                    positional.Add(value);
                    break;
                case CallArgumentKind.Named:
                    named[argument.Name] = value;
                    break;
                case CallArgumentKind.Spread:
                    positional.AddRange(rendering.Elements(value));
                    break;
                default:
                    Spread(value, named);
                    break;
            }
        }

        if (caller is not null)
        {
            named["caller"] = caller;
        }

        return new Arguments(positional, named);
    }

    private static void Spread(Value value, OrderedDictionary<string, Value> named)
    {
        if (value is not DictValue dict)
        {
            throw new TemplateException($"'**' needs a dictionary, got a {value.TypeName}. Give one");
        }

        foreach ((Value key, Value entry) in dict.Entries)
        {
            named[key is TextValue name ? name.Text : throw new TemplateException("'**' needs texts as keys. Use names")] = entry;
        }
    }
}
