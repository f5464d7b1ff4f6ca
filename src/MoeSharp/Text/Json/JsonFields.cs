using System.Text.Json;
using MoeSharp.Formats;

namespace MoeSharp.Text.Json;

/// <summary>Reads the fields of one JSON object; every fault names the file and the key, and a key nobody asked for is a fault too.</summary>
internal sealed class JsonFields
{
    private readonly JsonElement _element;
    private readonly string _file;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>The fields of <paramref name="element"/>, which must be an object.</summary>
    public JsonFields(JsonElement element, string file, string path)
    {
        _element = element;
        _file = file;
        Path = path;
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Fault(path, $"must be an object, got {Describe(element)}");
        }
    }

    /// <summary>Where the object stands in the file, for messages.</summary>
    public string Path { get; }

    /// <summary>The field as it is; <see langword="null"/> when it is missing or JSON's null.</summary>
    public JsonElement? Optional(string key)
    {
        _asked.Add(key);
        return _element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>The field as it is; it must be there.</summary>
    public JsonElement Required(string key) => Optional(key) ?? throw Fault(At(key), "is missing");

    /// <summary>A text, or <see langword="null"/> when missing.</summary>
    public string? Text(string key) => Optional(key) is JsonElement value ? TextOf(value, At(key)) : null;

    /// <summary>A truth value, or <paramref name="whenMissing"/>; a fault when that is <see langword="null"/>.</summary>
    public bool Flag(string key, bool? whenMissing)
    {
        return Optional(key) switch
        {
            null => whenMissing ?? throw Fault(At(key), "is missing"),
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            JsonElement other => throw Fault(At(key), $"must be true or false, got {Describe(other)}"),
        };
    }

    /// <summary>A list; it must be there.</summary>
    public JsonElement List(string key)
    {
        JsonElement value = Required(key);
        return value.ValueKind == JsonValueKind.Array ? value : throw Fault(At(key), $"must be an array, got {Describe(value)}");
    }

    /// <summary>A fault when the object has a field that was not asked for (null fields say nothing and pass).</summary>
    public void RefuseOthers()
    {
        foreach (JsonProperty property in _element.EnumerateObject())
        {
            if (!_asked.Contains(property.Name) && property.Value.ValueKind != JsonValueKind.Null)
            {
                throw Fault(At(property.Name), "is not known. It may change the result, so the file is refused");
            }
        }
    }

    /// <summary>The value of a string element.</summary>
    public string TextOf(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Fault(path, $"must be a string, got {Describe(value)}");

    /// <summary>The value of an id element.</summary>
    public int IdOf(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int id) || id < 0 || id == int.MaxValue)
        {
            throw Fault(path, $"must be a whole number from 0 to {int.MaxValue - 1}, got {Describe(value)}");
        }

        return id;
    }

    /// <summary>The path of a field.</summary>
    public string At(string key) => Path.Length == 0 ? key : Path + "." + key;

    /// <summary>A fault of this file at a path.</summary>
    public ModelFormatException Fault(string path, string message) => new(_file, $"key '{path}'", null, message + ".");

    /// <summary>A fault of this object's own key.</summary>
    public ModelFormatException FaultAt(string key, string message) => Fault(At(key), message);

    private static string Describe(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= 40 ? text : text[..40] + "…";
    }
}
