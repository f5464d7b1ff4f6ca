using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates;

/// <summary>Turns JSON into values: keys keep their order, whole numbers stay whole.</summary>
internal static class ValueReader
{
    /// <summary>The value of a JSON element.</summary>
    /// <param name="json">The element.</param>
    /// <param name="origin">Who wrote its texts.</param>
    public static Value Read(JsonElement json, TextOrigin origin)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var dict = new DictValue();
                foreach (JsonProperty property in json.EnumerateObject())
                {
                    // What is composed with the template's own marks, such as <|role|>, and is a plain word, is no user's text.
                    bool isWord = property.Name is "role" or "type" && property.Value.ValueKind == JsonValueKind.String
                        && property.Value.GetString()!.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-');
                    dict.Set(Text(property.Name, origin), Read(property.Value, isWord ? TextOrigin.Template : origin));
                }

                return dict;
            case JsonValueKind.Array:
                return new ListValue(json.EnumerateArray().Select(item => Read(item, origin)));
            case JsonValueKind.String:
                return Text(json.GetString()!, origin);
            case JsonValueKind.Number:
                return Number(json.GetRawText());
            case JsonValueKind.True:
                return BooleanValue.True;
            case JsonValueKind.False:
                return BooleanValue.False;
            case JsonValueKind.Undefined:
                return new UndefinedValue("a value of the input is undefined");
            default:
                return NoneValue.Instance;
        }
    }

    /// <summary>A text of someone.</summary>
    public static TextValue Text(string text, TextOrigin origin) => new(text, TextMarks.Whole(text.Length, origin));

    private static Value Number(string text) => text.AsSpan().ContainsAny('.', 'e', 'E') || text.Length > 4300
        ? new FloatValue(double.Parse(text, CultureInfo.InvariantCulture))
        : new IntegerValue(BigInteger.Parse(text, CultureInfo.InvariantCulture));
}
