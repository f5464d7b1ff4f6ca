using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary>What a value is assigned to: a variable, a field of a namespace, or several of them.</summary>
internal sealed class Target
{
    private readonly string _name = "";
    private readonly string? _field;
    private readonly IReadOnlyList<Target>? _parts;

    public Target(string name, string? field = null)
    {
        _name = name;
        _field = field;
    }

    public Target(IReadOnlyList<Target> parts) => _parts = parts;

    public void Assign(Rendering rendering, Scope scope, Value value)
    {
        if (_parts is not null)
        {
            IReadOnlyList<Value> values = rendering.Elements(value);
            if (values.Count != _parts.Count)
            {
                throw new TemplateException($"{values.Count} values cannot be given to {_parts.Count} variables. Give as many as there are");
            }

            for (int i = 0; i < _parts.Count; i++)
            {
                _parts[i].Assign(rendering, scope, values[i]);
            }
        }
        else if (_field is null)
        {
            scope.Set(_name, value);
        }
        else
        {
            Value owner = scope.Find(_name) ?? scope.FindInCallers(_name) ?? new UndefinedValue($"'{_name}' is undefined");
            DictValue fields = owner switch
            {
                NamespaceValue space => space.Fields,
                DictValue dict => dict, // an error in transformers; other engines allow it, and templates are written for them too
                UndefinedValue undefined => throw undefined.Fault(),
                _ => throw new TemplateException($"'{_name}' is a {owner.TypeName}, and only fields of a namespace can be set. Use namespace()"),
            };
            fields.Set(_field, value);
        }
    }
}
