using System.Text.Json;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates;

/// <summary>How a conversation is handed to a template: templates were written for one form or another of the same message.</summary>
/// <param name="HasTextArguments">Tool arguments as JSON text instead of as a dictionary.</param>
/// <param name="NoContent">What stands where there is no content.</param>
/// <param name="JoinsParts">One text instead of a list of parts.</param>
/// <param name="HasEmptyTools">An empty list instead of None where there are no tools.</param>
internal sealed record ChatShape(bool HasTextArguments, ChatNoContent NoContent, bool JoinsParts, bool HasEmptyTools)
{
    /// <summary>The forms of a conversation that differ for it, transformers' own first.</summary>
    public static IEnumerable<ChatShape> For(IReadOnlyList<ChatMessage> messages, bool hasTools)
    {
        bool[] both = [false, true], one = [false];
        return from joins in messages.Any(message => message.Parts.Count > 0) ? both : one
               from noTools in hasTools ? one : both
               from empty in messages.Any(message => message is { Content: null, Parts.Count: 0 })
                   ? (ChatNoContent[])[ChatNoContent.None, ChatNoContent.Text, ChatNoContent.Part] : [ChatNoContent.None]
               from text in messages.Any(message => message.ToolCalls.Count > 0) ? both : one
               select new ChatShape(text, empty, joins, noTools);
    }

    /// <summary>The messages as a template sees them.</summary>
    public ListValue Messages(IEnumerable<ChatMessage> messages) => new(messages.Select(message => (Value)Message(message)));

    private static TextOrigin Origin(ChatMessage message) => message.Role == "assistant" ? TextOrigin.Model : TextOrigin.Outside;

    private DictValue Message(ChatMessage message)
    {
        var fields = new DictValue();
        fields.Set("role", new TextValue(message.Role));
        fields.Set("content", Content(message));
        if (message.Reasoning is not null)
        {
            fields.Set("reasoning_content", ValueReader.Text(message.Reasoning, Origin(message)));
        }

        if (message.ToolCalls.Count > 0)
        {
            fields.Set("tool_calls", new ListValue(message.ToolCalls.Select(call => (Value)Call(call, Origin(message)))));
        }

        if (message.ToolCallId is not null)
        {
            fields.Set("tool_call_id", ValueReader.Text(message.ToolCallId, TextOrigin.Outside));
        }

        if (message.Name is not null)
        {
            fields.Set("name", ValueReader.Text(message.Name, TextOrigin.Outside));
        }

        return fields;
    }

    private Value Content(ChatMessage message)
    {
        if (message.Parts.Count > 0)
        {
            return JoinsParts
                ? ValueReader.Text(string.Join('\n', message.Parts.Where(part => part.Text is not null).Select(part => part.Text)), Origin(message))
                : new ListValue(message.Parts.Select(part => (Value)Part(part, Origin(message))));
        }

        return message.Content is not null ? ValueReader.Text(message.Content, Origin(message)) : NoContent switch
        {
            ChatNoContent.None => NoneValue.Instance,
            ChatNoContent.Text => TextValue.Empty,
            _ => new ListValue([Part(new ChatPart("text", ""), TextOrigin.Template)]),
        };
    }

    private static DictValue Part(ChatPart part, TextOrigin origin)
    {
        var fields = new DictValue();
        fields.Set("type", new TextValue(part.Type));
        if (part.Text is not null)
        {
            fields.Set("text", ValueReader.Text(part.Text, origin));
        }

        return fields;
    }

    private DictValue Call(ChatToolCall call, TextOrigin origin)
    {
        var function = new DictValue();
        function.Set("name", ValueReader.Text(call.Name, origin));
        function.Set("arguments", Arguments(call.Arguments, origin));
        var fields = new DictValue();
        if (call.Id is not null)
        {
            fields.Set("id", ValueReader.Text(call.Id, origin));
        }

        fields.Set("type", new TextValue("function"));
        fields.Set("function", function);
        return fields;
    }

    private Value Arguments(string json, TextOrigin origin)
    {
        if (HasTextArguments)
        {
            return ValueReader.Text(json, origin);
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return ValueReader.Read(document.RootElement, origin);
        }
        catch (JsonException)
        {
            return ValueReader.Text(json, origin); // a model may have written anything
        }
    }
}
