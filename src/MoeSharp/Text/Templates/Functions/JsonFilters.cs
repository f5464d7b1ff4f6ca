using System.Text.Json;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>Filters from and to JSON.</summary>
internal static class JsonFilters
{
    public static void AddTo(Dictionary<string, Func<Rendering, Value, Arguments, Value>> filters)
    {
        filters["tojson"] = ToJson;
        filters["from_json"] = filters["fromjson"] = FromJson;
    }

    // The parameters of transformers' filter, in its order.
    private static TextValue ToJson(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = a[1] switch
        {
            null or NoneValue => null,
            TextValue text => text.Text,
            Value value when Number.TryIndex(value, out int count) => new string(' ', Math.Clamp(count, 0, 1000)),
            _ => throw a.Wrong(1, "a whole number or a text"),
        };
        (string item, string key) = (indent is null ? ", " : ",", ": ");
        if (a[2] is { } separators and not NoneValue)
        {
            IReadOnlyList<Value> pair = rendering.Elements(separators);
            (item, key) = pair.Count == 2 && pair[0] is TextValue first && pair[1] is TextValue second
                ? (first.Text, second.Text)
                : throw a.Wrong(2, "two texts");
        }

        var writer = new ValueWriter(rendering);
        new JsonText(writer, indent, item, key, a.Boolean(0, false), a.Boolean(3, false)).Write(input);
        return writer.ToText();
    }

    private static Value FromJson(Rendering rendering, Value input, Arguments arguments)
    {
        TextValue text = input as TextValue ?? throw new TemplateException($"from_json: a {input.TypeName} is no text. Give JSON as text");
        try
        {
            using JsonDocument json = JsonDocument.Parse(text.Text);
            return ValueReader.Read(json.RootElement, text.Marks is null ? TextOrigin.Template : text.Marks.Ranges.Max(range => range.Origin));
        }
        catch (JsonException fault)
        {
            throw new TemplateException($"from_json: the text is no JSON ({fault.Message.TrimEnd('.')}). Correct it");
        }
    }
}
