using System.Diagnostics.CodeAnalysis;

namespace MoeSharp.Formats.Gguf;

/// <summary>The keys and values of a GGUF file, in its order.</summary>
/// <remarks>
/// <para>Lookups name file, key and byte offset when a key is missing or of another kind. A number may have any width: tools do
/// not agree on them. Getters named <c>GetOptional…</c> give <see langword="null"/> for a missing key, never for a wrong one.</para>
/// <para>For a file to be written, make an empty one and <see cref="Set"/>. Reading is safe for concurrent use.</para>
/// </remarks>
public sealed class GgufMetadata
{
    /// <summary>The key of the model's kind.</summary>
    public const string ArchitectureKey = "general.architecture";

    /// <summary>The key of the alignment of tensors.</summary>
    public const string AlignmentKey = "general.alignment";

    private readonly string _file;
    private readonly List<string> _keys = [];
    private readonly Dictionary<string, (GgufValue Value, long? Offset)> _values = new(StringComparer.Ordinal);

    /// <summary>Makes an empty one.</summary>
    /// <param name="file">Name or path of the file, for messages.</param>
    public GgufMetadata(string file = "gguf") => _file = file;

    /// <summary>All keys, in the order of the file.</summary>
    public IReadOnlyList<string> Keys => _keys;

    /// <summary>Adds a value at the end, or replaces the one of that key in its place.</summary>
    public void Set(string key, GgufValue value)
    {
        if (!_values.ContainsKey(key))
        {
            _keys.Add(key);
        }

        _values[key] = (value, null);
    }

    /// <summary>Takes a key away; false when it was not there.</summary>
    public bool Remove(string key)
    {
        _keys.Remove(key);
        return _values.Remove(key);
    }

    /// <summary>True when the key is there.</summary>
    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>Looks a value up as it is.</summary>
    public bool TryFind(string key, [NotNullWhen(true)] out GgufValue? value)
    {
        bool found = _values.TryGetValue(key, out (GgufValue Value, long? Offset) entry);
        value = found ? entry.Value : null;
        return found;
    }

    /// <summary>A text that must be there.</summary>
    /// <exception cref="ModelFormatException">The key is missing or no text.</exception>
    public string GetText(string key) => GetOptionalText(key) ?? throw Missing(key, "a text");

    /// <summary>A text.</summary>
    /// <exception cref="ModelFormatException">It is no text.</exception>
    public string? GetOptionalText(string key) => !TryFind(key, out GgufValue? value) ? null
        : value.TryGetText(out string text) ? text : throw Wrong(key, value, "a text");

    /// <summary>A whole number that must be there.</summary>
    /// <exception cref="ModelFormatException">The key is missing, or its value does not fit in 32 signed bits.</exception>
    public int GetInt(string key) => GetOptionalInt(key) ?? throw Missing(key, "a whole number");

    /// <summary>A whole number.</summary>
    /// <exception cref="ModelFormatException">The value does not fit in 32 signed bits.</exception>
    public int? GetOptionalInt(string key) => !TryFind(key, out GgufValue? value) ? null
        : value.TryGetInteger(out long number) && number is >= int.MinValue and <= int.MaxValue ? (int)number
        : throw Wrong(key, value, "a whole number of 32 bits");

    /// <summary>A number that must be there.</summary>
    /// <exception cref="ModelFormatException">The key is missing or no finite number.</exception>
    public double GetDouble(string key) => GetOptionalDouble(key) ?? throw Missing(key, "a number");

    /// <summary>A number.</summary>
    /// <exception cref="ModelFormatException">It is no finite number.</exception>
    public double? GetOptionalDouble(string key) => !TryFind(key, out GgufValue? value) ? null
        : value.TryGetNumber(out double number) && double.IsFinite(number) ? number
        : throw Wrong(key, value, "a finite number");

    /// <summary>True or false.</summary>
    /// <exception cref="ModelFormatException">It is something else.</exception>
    public bool? GetOptionalFlag(string key) => !TryFind(key, out GgufValue? value) ? null
        : value.TryGetFlag(out bool flag) ? flag : throw Wrong(key, value, "true or false");

    /// <summary>An array of texts that must be there.</summary>
    /// <exception cref="ModelFormatException">The key is missing or no array of texts.</exception>
    public GgufTexts GetTexts(string key) => GetOptionalTexts(key) ?? throw Missing(key, "an array of texts");

    /// <summary>An array of texts.</summary>
    /// <exception cref="ModelFormatException">It is something else.</exception>
    public GgufTexts? GetOptionalTexts(string key) => !TryFind(key, out GgufValue? value) ? null
        : value.TryGetTexts(out GgufTexts texts) ? texts : throw Wrong(key, value, "an array of texts");

    /// <summary>An array of whole numbers.</summary>
    /// <exception cref="ModelFormatException">It is something else, or a number does not fit in 32 bits.</exception>
    public int[]? GetOptionalInts(string key) => !TryFind(key, out GgufValue? value) ? null
        : value.TryGetIntegers(out int[] numbers) ? numbers : throw Wrong(key, value, "an array of whole numbers of 32 bits");

    /// <summary>An array of numbers.</summary>
    /// <exception cref="ModelFormatException">It is something else.</exception>
    public float[]? GetOptionalNumbers(string key) => !TryFind(key, out GgufValue? value) ? null
        : value.TryGetNumbers(out float[] numbers) ? numbers : throw Wrong(key, value, "an array of numbers");

    /// <summary>An array of flags.</summary>
    /// <exception cref="ModelFormatException">It is something else.</exception>
    public bool[]? GetOptionalFlags(string key) => !TryFind(key, out GgufValue? value) ? null
        : value.TryGetFlags(out bool[] flags) ? flags : throw Wrong(key, value, "an array of true and false");

    /// <summary>A whole number for each layer: files give one for all, or an array.</summary>
    /// <exception cref="ModelFormatException">It is something else, or an array of another length.</exception>
    public int[]? GetOptionalPerLayer(string key, int layerCount)
    {
        if (!TryFind(key, out GgufValue? value))
        {
            return null;
        }

        if (value.Type != GgufValueType.Array)
        {
            int[] same = new int[layerCount];
            Array.Fill(same, GetInt(key));
            return same;
        }

        int[] numbers = GetOptionalInts(key)!;
        return numbers.Length == layerCount ? numbers
            : throw Fault(key, $"has {numbers.Length} numbers, one a layer is wanted: {layerCount}.");
    }

    /// <summary>A fault of a value, for callers that find one: names file, key and byte offset.</summary>
    public ModelFormatException Fault(string key, string message) =>
        new(_file, $"key '{key}'", _values.TryGetValue(key, out (GgufValue Value, long? Offset) entry) ? entry.Offset : null, message);

    /// <summary>Adds what a reader found; false for a key that is there already.</summary>
    internal bool TryAdd(string key, GgufValue value, long offset)
    {
        if (!_values.TryAdd(key, (value, offset)))
        {
            return false;
        }

        _keys.Add(key);
        return true;
    }

    /// <summary>Everything that is no array, as text for people.</summary>
    internal Dictionary<string, string> ToTexts() => _keys.Where(key => _values[key].Value.Type != GgufValueType.Array)
        .ToDictionary(key => key, key => _values[key].Value.ToString(), StringComparer.Ordinal);

    private ModelFormatException Missing(string key, string wanted) => Fault(key, $"is missing. It must be {wanted}.");

    private ModelFormatException Wrong(string key, GgufValue value, string wanted) => Fault(key,
        value.Type == GgufValueType.Array ? $"is an array of {value.Count} {value.ElementType}, not {wanted}."
        : $"is {value.Type} {value}, not {wanted}.");
}
