using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates;

/// <summary>What a call was given.</summary>
/// <param name="positional">Values by position.</param>
/// <param name="named">Values by name.</param>
internal sealed class Arguments(IReadOnlyList<Value> positional, OrderedDictionary<string, Value> named)
{
    private static readonly OrderedDictionary<string, Value> s_noNames = [];

    private string _function = "";
    private string[] _names = [];

    public Arguments(params Value[] positional)
        : this(positional, s_noNames)
    {
    }

    public IReadOnlyList<Value> Positional => positional;

    public OrderedDictionary<string, Value> Named => named;

    /// <summary>Says what the function is called and what it takes, in order; checks that nothing else was given.</summary>
    public Arguments For(string function, params string[] names)
    {
        if (positional.Count > names.Length)
        {
            throw new TemplateException($"{function}: takes {Takes(names)}, got {positional.Count} values. Leave some out");
        }

        foreach (string name in named.Keys)
        {
            if (!names.Contains(name))
            {
                throw new TemplateException($"{function}: has no parameter '{name}'. It takes {Takes(names)}");
            }
        }

        _function = function;
        _names = names;
        return this;
    }

    /// <summary>A value, or null when it was not given.</summary>
    public Value? this[int index] => index < positional.Count ? positional[index] : named.GetValueOrDefault(_names[index]);

    /// <summary>A value that must be given.</summary>
    public Value Required(int index) => this[index]
        ?? throw new TemplateException($"{_function}: '{_names[index]}' is missing. It takes {Takes(_names)}");

    /// <summary>A text that must be given.</summary>
    public TextValue Text(int index) => Required(index) as TextValue ?? throw Wrong(index, "a text");

    /// <summary>A text, or null when it was not given or is None.</summary>
    public TextValue? OptionalText(int index) => this[index] switch
    {
        null or NoneValue => null,
        TextValue text => text,
        _ => throw Wrong(index, "a text"),
    };

    /// <summary>A whole number, or what stands for one that was not given or is None.</summary>
    public int Integer(int index, int otherwise) => this[index] switch
    {
        null or NoneValue => otherwise,
        Value value when Number.TryIndex(value, out int number) => number,
        _ => throw Wrong(index, "a whole number"),
    };

    /// <summary>A condition.</summary>
    public bool Boolean(int index, bool otherwise) => this[index]?.IsTrue ?? otherwise;

    /// <summary>The fault of a value of the wrong type.</summary>
    public TemplateException Wrong(int index, string wanted) =>
        new($"{_function}: '{_names[index]}' must be {wanted}, got a {this[index]?.TypeName}. Give {wanted}");

    private static string Takes(string[] names) => names.Length == 0 ? "no values" : string.Join(", ", names);
}
