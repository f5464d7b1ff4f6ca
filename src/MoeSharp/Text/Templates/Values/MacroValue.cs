using MoeSharp.Text.Templates.Nodes;

namespace MoeSharp.Text.Templates.Values;

/// <summary>A macro, or the body of a call block, with the variables of the place where it stands.</summary>
internal sealed class MacroValue(MacroNode node, Scope home) : CallableValue
{
    public override string Name => node.Name;

    public override string TypeName => "macro";

    /// <summary>Runs the body with the arguments as variables; gives its text.</summary>
    public override Value Call(Rendering rendering, Arguments arguments)
    {
        using RenderBudget.Level level = rendering.Budget.Enter();
        var scope = new Scope(home, rendering.Caller);
        IReadOnlyList<MacroParameter> parameters = node.Parameters;
        for (int i = 0; i < parameters.Count; i++)
        {
            MacroParameter parameter = parameters[i];
            Value? given = i < arguments.Positional.Count ? arguments.Positional[i] : arguments.Named.GetValueOrDefault(parameter.Name);
            if (i < arguments.Positional.Count && arguments.Named.ContainsKey(parameter.Name))
            {
                throw new TemplateException($"macro '{Name}' got two values for '{parameter.Name}'. Give one");
            }

            scope.Set(parameter.Name, given ?? parameter.Default?.Evaluate(rendering, scope)
                ?? new UndefinedValue($"parameter '{parameter.Name}' of macro '{Name}' was not given"));
        }

        SetExtras(scope, arguments);
        var output = new ValueWriter(rendering);
        node.Body.Execute(rendering, scope, output);
        return output.ToText();
    }

    private void SetExtras(Scope scope, Arguments arguments)
    {
        int count = node.Parameters.Count;
        if (node.UsesRest)
        {
            scope.Set("varargs", new TupleValue([.. arguments.Positional.Skip(count)]));
        }
        else if (arguments.Positional.Count > count)
        {
            throw new TemplateException($"macro '{Name}' takes {count} arguments, got {arguments.Positional.Count}. Leave some out");
        }

        var rest = new DictValue();
        foreach ((string name, Value value) in arguments.Named)
        {
            if (name == "caller" && value is CallableValue)
            {
                scope.Set(name, value);
            }
            else if (!node.Parameters.Any(parameter => parameter.Name == name))
            {
                rest.Set(name, value);
            }
        }

        if (node.UsesNamedRest)
        {
            scope.Set("kwargs", rest);
        }
        else if (rest.Entries.Count > 0)
        {
            throw new TemplateException(
                $"macro '{Name}' has no parameter '{((TextValue)rest.Entries.Keys.First()).Text}'. "
                + $"It takes {string.Join(", ", node.Parameters.Select(parameter => parameter.Name))}");
        }
    }
}
