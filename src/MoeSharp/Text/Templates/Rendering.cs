using System.Runtime.CompilerServices;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates;

/// <summary>One rendering: its options, what it may spend, and where it stands.</summary>
internal sealed class Rendering(TemplateOptions options)
{
    public TemplateOptions Options => options;

    public RenderBudget Budget { get; } = new(options);

    public bool IsPython => options.Dialect == TemplateDialect.Python;

    /// <summary>The line that runs, for errors.</summary>
    public int Line { get; set; } = 1;

    /// <summary>The variables of the place that calls a macro; set just before the call.</summary>
    public Scope? Caller { get; set; }

    /// <summary>Begins a step at a line.</summary>
    public void Step(int line)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Line = line;
        Budget.Tick();
    }

    /// <summary>A value as text.</summary>
    public TextValue Str(Value value)
    {
        if (value is TextValue text)
        {
            return text;
        }

        var writer = new ValueWriter(this);
        value.Write(writer);
        return writer.ToText();
    }

    /// <summary>What a loop goes through.</summary>
    /// <exception cref="TemplateException">The value cannot be looped over.</exception>
    public IReadOnlyList<Value> Elements(Value value)
    {
        IReadOnlyList<Value> elements = value.Elements
            ?? throw new TemplateException($"a {value.TypeName} cannot be looped over. Give a list, a dictionary or a text");
        Budget.Charge(elements.Count);
        return elements;
    }

    /// <summary>A list of new elements, no longer than a text may be.</summary>
    public ListValue List(IEnumerable<Value> items)
    {
        var list = new List<Value>();
        foreach (Value item in items)
        {
            list.Add(item);
            Budget.Charge(1);
        }

        return new ListValue(list);
    }
}
