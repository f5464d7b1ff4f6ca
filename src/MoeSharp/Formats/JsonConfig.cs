using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace MoeSharp.Formats;

/// <summary>A JSON object read key by key (<c>config.json</c>, <c>generation_config.json</c>): remembers which keys were asked for and
/// collects every fault.</summary>
/// <remarks>
/// <para>A getter that meets a fault notes it and returns a zero value, so that all faults are found in one pass; end the pass
/// with <see cref="ThrowIfFaulty"/> before using any value.</para>
/// <para><see cref="UnreadKeys"/> lists what nobody asked for: a reader decides which of these may be ignored, the others are
/// faults, since an unknown key may change the mathematics.</para>
/// <para>A key with the value <c>null</c> counts as absent, but is unread until asked for. Getters named <c>…Or</c> and
/// <c>GetOptional…</c> accept absence, the others do not. Not safe for concurrent use.</para>
/// </remarks>
public sealed class JsonConfig
{
    /// <summary>Longest file that is read, in bytes; published ones have a few thousand.</summary>
    private const long MaxLength = 16_000_000;

    private readonly JsonElement _object;
    private readonly string _prefix;
    private readonly List<string> _faults;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonConfig> _sections = new(StringComparer.Ordinal);

    private JsonConfig(string name, string prefix, JsonElement element, List<string> faults)
    {
        Name = name;
        _prefix = prefix;
        _object = element;
        _faults = faults;
    }

    /// <summary>Name of the file, for messages.</summary>
    public string Name { get; }

    /// <summary>What stands before the keys of this object in messages: empty, or <c>section.</c>.</summary>
    public string Prefix => _prefix;

    /// <summary>All keys of this object, in the order of the file.</summary>
    public IEnumerable<string> Keys => _object.EnumerateObject().Select(static property => property.Name);

    /// <summary>Faults noted so far, those of sections included.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>Keys that no getter asked for, in the order of the file; those of opened sections as <c>section.key</c>.</summary>
    public IReadOnlyList<string> UnreadKeys
    {
        get
        {
            var keys = new List<string>();
            foreach (string key in Keys)
            {
                if (_sections.TryGetValue(key, out JsonConfig? section))
                {
                    keys.AddRange(section.UnreadKeys);
                }
                else if (!_read.Contains(key))
                {
                    keys.Add(_prefix + key);
                }
            }

            return keys;
        }
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelFormatException">It is not a JSON object, names a key twice, or is too long.</exception>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    public static JsonConfig Read(string path)
    {
        long length = new FileInfo(path).Length;
        return length <= MaxLength
            ? Parse(path, File.ReadAllBytes(path))
            : throw new ModelFormatException(path, null, null, $"has {length:N0} bytes, at most {MaxLength:N0} are read.");
    }

    /// <summary>Reads a text in memory.</summary>
    /// <param name="name">Name or path of the file it came from, for messages.</param>
    /// <param name="json">UTF-8, with or without byte order mark.</param>
    /// <exception cref="ModelFormatException">It is not a JSON object, or names a key twice.</exception>
    public static JsonConfig Parse(string name, ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        // The parser looks at bytes only where it must: a text that is no Unicode would throw when it is asked for.
        if (!Utf8.IsValid(json))
        {
            throw new ModelFormatException(name, null, null, "is not valid UTF-8.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json.ToArray(), new JsonDocumentOptions { AllowDuplicateProperties = false });
            RequireTexts(document.RootElement);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new JsonConfig(Path.GetFileName(name), "", document.RootElement.Clone(), [])
                : throw new ModelFormatException(name, null, null, $"is {Describe(document.RootElement)}, not an object.");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new ModelFormatException(name, null, null, "is not valid JSON: " + fault.Message, fault);
        }
    }

    /// <summary>Reads every name and text once: an escape that is half of a surrogate pair throws here, not later.</summary>
    private static void RequireTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    RequireTexts(property.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement inner in element.EnumerateArray())
                {
                    RequireTexts(inner);
                }

                break;
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            default:
                break;
        }
    }

    /// <summary>True when the key is there and not <c>null</c>. Does not count as reading it.</summary>
    public bool Has(string key) => _object.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>The first of several names of one thing that <see cref="Has"/> knows, else the first: <c>FirstOf("num_local_experts", "num_experts")</c>.</summary>
    public string FirstOf(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            if (Has(key))
            {
                return key;
            }
        }

        return keys[0];
    }

    /// <summary>Counts keys as read without looking at their values.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            _read.Add(key);
        }
    }

    /// <summary>Notes a fault that the caller found; a full sentence that names the key.</summary>
    public void AddFault(string fault) => _faults.Add(fault);

    /// <summary>Throws all faults at once, if there are any.</summary>
    /// <exception cref="ConfigException">At least one fault was noted.</exception>
    public void ThrowIfFaulty() => ConfigException.ThrowIfAny(Name, _faults);

    /// <summary>A whole number of 32 bits that must be there.</summary>
    public int GetInt(string key) => Required(key, GetOptionalInt(key), "a whole number");

    /// <summary>A whole number of 32 bits, or <paramref name="absent"/>.</summary>
    public int GetIntOr(string key, int absent) => GetOptionalInt(key) ?? absent;

    /// <summary>A whole number of 32 bits, or <see langword="null"/>; <c>4096.0</c> is accepted as 4096.</summary>
    public int? GetOptionalInt(string key) => Get<int>(key, "a whole number of 32 bits", TryInt);

    /// <summary>A number that must be there.</summary>
    public double GetDouble(string key) => Required(key, GetOptionalDouble(key), "a number");

    /// <summary>A number, or <paramref name="absent"/>.</summary>
    public double GetDoubleOr(string key, double absent) => GetOptionalDouble(key) ?? absent;

    /// <summary>A number, or <see langword="null"/>.</summary>
    public double? GetOptionalDouble(string key) => Get<double>(key, "a finite number", TryDouble);

    /// <summary>True or false; must be there.</summary>
    public bool GetBool(string key) => Required(key, GetOptionalBool(key), "true or false");

    /// <summary>True or false, or <paramref name="absent"/>.</summary>
    public bool GetBoolOr(string key, bool absent) => GetOptionalBool(key) ?? absent;

    /// <summary>True or false, or <see langword="null"/>.</summary>
    public bool? GetOptionalBool(string key) => Get<bool>(key, "true or false", TryBool);

    /// <summary>A text that must be there.</summary>
    public string GetString(string key)
    {
        return Has(key) ? GetOptionalString(key)! : Missing(key, "a text", "");
    }

    /// <summary>A text, or <paramref name="absent"/>.</summary>
    public string GetStringOr(string key, string absent) => GetOptionalString(key) ?? absent;

    /// <summary>A text, or <see langword="null"/>.</summary>
    public string? GetOptionalString(string key)
    {
        if (!TryValue(key, out JsonElement value))
        {
            return null;
        }

        if (!TryText(value, out string text))
        {
            Wrong(key, value, "a text");
        }

        return text;
    }

    /// <summary>Whole numbers, or <see langword="null"/>; a single number is a list of one (<c>eos_token_id</c> comes both ways).</summary>
    public int[]? GetOptionalInts(string key) => GetList<int>(key, "a list of whole numbers of 32 bits", TryInt);

    /// <summary>Numbers, or <see langword="null"/>; a single number is a list of one.</summary>
    public double[]? GetOptionalDoubles(string key) => GetList<double>(key, "a list of finite numbers", TryDouble);

    /// <summary>Texts, or <see langword="null"/>; a single text is a list of one.</summary>
    public string[]? GetOptionalStrings(string key) => GetList<string>(key, "a list of texts", TryText);

    /// <summary>An object inside this one, or <see langword="null"/>; its faults and unread keys belong to this one too.</summary>
    public JsonConfig? GetOptionalSection(string key)
    {
        if (_sections.TryGetValue(key, out JsonConfig? known))
        {
            return known;
        }

        if (!TryValue(key, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            Wrong(key, value, "an object");
            return null;
        }

        var section = new JsonConfig(Name, _prefix + key + ".", value, _faults);
        _sections.Add(key, section);
        return section;
    }

    /// <summary>The raw value of a key, for shapes that no getter covers; counts as read.</summary>
    public bool TryGetElement(string key, out JsonElement value) => TryValue(key, out value);

    private delegate bool Parser<T>(JsonElement value, out T result);

    private T? Get<T>(string key, string wanted, Parser<T> parser)
        where T : struct
    {
        if (!TryValue(key, out JsonElement value))
        {
            return null;
        }

        if (parser(value, out T result))
        {
            return result;
        }

        // Not null: the key is there, so Required must not report it as missing as well.
        Wrong(key, value, wanted);
        return default(T);
    }

    private T[]? GetList<T>(string key, string wanted, Parser<T> parser)
    {
        if (!TryValue(key, out JsonElement value))
        {
            return null;
        }

        JsonElement[] elements = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        var results = new T[elements.Length];
        for (int i = 0; i < elements.Length; i++)
        {
            if (!parser(elements[i], out results[i]))
            {
                Wrong(key, value, wanted);
                return [];
            }
        }

        return results;
    }

    private T Required<T>(string key, T? value, string wanted)
        where T : struct
    {
        return value ?? Missing(key, wanted, default(T));
    }

    private T Missing<T>(string key, string wanted, T zero)
    {
        _faults.Add($"{_prefix}{key} is missing. It must be {wanted}.");
        return zero;
    }

    private void Wrong(string key, JsonElement value, string wanted)
    {
        _faults.Add($"{_prefix}{key} must be {wanted}, got {Describe(value)}.");
    }

    private bool TryValue(string key, out JsonElement value)
    {
        _read.Add(key);
        return _object.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;
    }

    private static bool TryInt(JsonElement value, out int result)
    {
        result = 0;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || number != Math.Floor(number)
            || number is < int.MinValue or > int.MaxValue)
        {
            return false;
        }

        result = (int)number;
        return true;
    }

    private static bool TryDouble(JsonElement value, out double result)
    {
        result = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out result) && double.IsFinite(result);
    }

    private static bool TryBool(JsonElement value, out bool result)
    {
        result = value.ValueKind == JsonValueKind.True;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False;
    }

    private static bool TryText(JsonElement value, out string result)
    {
        result = "";
        if (value.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        try
        {
            result = value.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape.
            return false;
        }
    }

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => string.Create(CultureInfo.InvariantCulture, $"a list of {value.GetArrayLength()}"),
        JsonValueKind.Null => "null",
        _ when value.GetRawText().Length > 60 => "a long " + (value.ValueKind == JsonValueKind.String ? "text" : "number"),
        _ => value.GetRawText(),
    };
}
