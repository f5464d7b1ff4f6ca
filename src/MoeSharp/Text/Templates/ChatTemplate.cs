using System.Globalization;
using System.Text.Json;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates;

/// <summary>How a model wants a conversation written: the template beside its weights.</summary>
/// <remarks>
/// <para>Templates expect one form or another of the same message (tool arguments as a dictionary or as text, no content as None or as an
/// empty text). The form that transformers gives is tried first; when the template fails on it, the others are, and the first fault is told
/// when none works. A template that refuses the conversation itself is not asked twice.</para>
/// <para>Immutable; safe for concurrent use.</para>
/// </remarks>
public sealed class ChatTemplate
{
    private readonly JinjaTemplate _template;
    private readonly JinjaTemplate? _toolTemplate;

    private ChatTemplate(JinjaTemplate template, JinjaTemplate? toolTemplate, IReadOnlyDictionary<string, string> tokens)
    {
        _template = template;
        _toolTemplate = toolTemplate;
        Tokens = tokens;
    }

    /// <summary>The template as it was given.</summary>
    public string Source => _template.Source;

    /// <summary>The template for conversations with tools, where a model has another one for them; null where it has not.</summary>
    public string? ToolSource => _toolTemplate?.Source;

    /// <summary>The texts of special tokens, by the names that templates use: <c>bos_token</c>, <c>eos_token</c>, …</summary>
    public IReadOnlyDictionary<string, string> Tokens { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="tokens">The texts of special tokens; null for none.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="toolSource">Another template for conversations with tools; null for none.</param>
    /// <exception cref="TemplateException">It breaks the grammar.</exception>
    public static ChatTemplate Parse(
        string source, IReadOnlyDictionary<string, string>? tokens = null, string name = "chat template", string? toolSource = null) =>
        new(
            JinjaTemplate.Parse(source, name),
            toolSource is null ? null : JinjaTemplate.Parse(toolSource, name),
            tokens ?? new Dictionary<string, string>());

    /// <summary>Writes a conversation as the model wants it.</summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="tools">A JSON array of tools, each as <c>{"type": "function", "function": {…}}</c>; null for none.</param>
    /// <param name="addGenerationPrompt">Whether the text ends where the assistant begins to speak.</param>
    /// <param name="variables">A JSON object of further variables (<c>enable_thinking</c>, …); null for none.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>The text, and which parts of it are the words of the conversation.</returns>
    /// <exception cref="TemplateException">The template refuses the conversation, needs other variables, or does not end within its bounds.</exception>
    public RenderedText Render(
        IReadOnlyList<ChatMessage> messages,
        JsonElement? tools = null,
        bool addGenerationPrompt = true,
        JsonElement? variables = null,
        TemplateOptions? options = null)
    {
        options ??= new TemplateOptions();
        Value? given = tools is { ValueKind: JsonValueKind.Array } array ? ValueReader.Read(array, TextOrigin.Outside) : null;
        JinjaTemplate template = given is null ? _template : _toolTemplate ?? _template;
        TemplateException? first = null;
        foreach (ChatShape shape in ChatShape.For(messages, given is not null))
        {
            var scope = new Dictionary<string, Value>(StringComparer.Ordinal)
            {
                ["messages"] = shape.Messages(messages),
                ["tools"] = given ?? (shape.HasEmptyTools ? new ListValue([]) : NoneValue.Instance),
                ["documents"] = NoneValue.Instance,
                ["add_generation_prompt"] = BooleanValue.Of(addGenerationPrompt),
            };
            AddRare(template, scope, given, options);
            AddOwn(scope, variables);
            try
            {
                return template.Render(scope.Select(entry => (entry.Key, entry.Value)), options);
            }
            catch (TemplateException fault) when (!fault.IsRefusal)
            {
                first ??= fault;
            }
        }

        throw first!;
    }

    // Two names that only some older templates use.
    private static void AddRare(JinjaTemplate template, Dictionary<string, Value> scope, Value? tools, TemplateOptions options)
    {
        if (template.Names.Contains("functions"))
        {
            var writer = new ValueWriter(new Rendering(options));
            new JsonText(writer, "    ", ",", ": ", ensureAscii: false, sortKeys: false).Write(tools ?? new ListValue([]));
            scope["functions"] = writer.ToText();
        }

        if (template.Names.Contains("datetime"))
        {
            scope["datetime"] = new TextValue(options.Clock.GetLocalNow().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
        }
    }

    private void AddOwn(Dictionary<string, Value> scope, JsonElement? variables)
    {
        foreach ((string name, string text) in Tokens)
        {
            scope[name] = new TextValue(text);
        }

        foreach (string name in (string[])["bos_token", "eos_token"])
        {
            scope.TryAdd(name, TextValue.Empty); // a model without it
        }

        if (variables is { ValueKind: JsonValueKind.Object } given)
        {
            foreach (JsonProperty property in given.EnumerateObject())
            {
                bool isToken = property.Name.EndsWith("_token", StringComparison.Ordinal);
                scope[property.Name] = ValueReader.Read(property.Value, isToken ? TextOrigin.Template : TextOrigin.Outside);
            }
        }
    }
}
