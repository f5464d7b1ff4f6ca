using System.Text.Json;
using MoeSharp.Text.Templates.Functions;
using MoeSharp.Text.Templates.Nodes;
using MoeSharp.Text.Templates.Syntax;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates;

/// <summary>A template in the part of Jinja that chat templates use.</summary>
/// <remarks>
/// <para>Renders as transformers does: Jinja 3.1 with <c>trim_blocks</c> and <c>lstrip_blocks</c>, its <c>tojson</c>, <c>raise_exception</c>,
/// <c>strftime_now</c>, loop controls and <c>generation</c> blocks. A template is not trusted: it sees only its variables, and its time, depth and
/// output are bounded by <see cref="TemplateOptions"/>. Where it goes on although transformers would stop stands in docs/differences.md.</para>
/// <para>Immutable; safe for concurrent use.</para>
/// </remarks>
public sealed class JinjaTemplate
{
    private readonly BodyNode _body;
    private readonly string _name;

    private JinjaTemplate(BodyNode body, string source, string name, IReadOnlySet<string> names)
    {
        _body = body;
        _name = name;
        Source = source;
        Names = names;
    }

    /// <summary>The template as it was given.</summary>
    public string Source { get; }

    /// <summary>All variables and functions that the template names.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="TemplateException">It breaks the grammar.</exception>
    public static JinjaTemplate Parse(string source, string name = "template")
    {
        ArgumentNullException.ThrowIfNull(source);
        BodyNode body = TemplateParser.Read(source, name, out IReadOnlySet<string> names);
        return new JinjaTemplate(body, source, name, names);
    }

    /// <summary>Renders it with variables.</summary>
    /// <param name="variables">A JSON object: a variable a key.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="TemplateException">The template refuses its variables, needs others, or does not end within its bounds.</exception>
    public string Render(JsonElement variables, TemplateOptions? options = null)
    {
        if (variables.ValueKind != JsonValueKind.Object)
        {
            throw new ArgumentException($"{_name}: the variables must be a JSON object, got {variables.ValueKind}. Give one key a variable.", nameof(variables));
        }

        return Render(variables.EnumerateObject().Select(property => (property.Name, ValueReader.Read(property.Value, TextOrigin.Template))), options).Text;
    }

    /// <summary>Renders it with variables.</summary>
    internal RenderedText Render(IEnumerable<(string Name, Value Value)> variables, TemplateOptions? options)
    {
        var rendering = new Rendering(options ?? new TemplateOptions());
        try
        {
            var globals = new Scope(null);
            Globals.AddTo(globals);
            var scope = new Scope(globals);
            foreach ((string name, Value value) in variables)
            {
                scope.Set(name, value);
            }

            var output = new ValueWriter(rendering);
            _body.Execute(rendering, scope, output);
            TextValue text = output.ToText();
            return new RenderedText(text.Text, text.Marks?.Ranges ?? [], Source);
        }
        catch (TemplateException fault)
        {
            throw fault.At(_name, rendering.Line);
        }
        catch (InsufficientExecutionStackException)
        {
            throw new TemplateException("values or calls are nested too deeply. The template may call itself without end").At(_name, rendering.Line);
        }
    }
}
