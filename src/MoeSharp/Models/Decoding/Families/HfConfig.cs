using System.Text.Json;
using MoeSharp.Layers;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>A published <c>config.json</c> while it is being read: remembers which keys were understood and what was wrong.</summary>
/// <remarks>
/// <para>Nothing is thrown before <see cref="ThrowIfNotUnderstood"/>, which reports everything at once: missing keys, values of the wrong
/// kind, and keys that nobody asked for and that may change the mathematics.</para>
/// </remarks>
internal sealed class HfConfig
{
    private readonly JsonElement _root;
    private readonly HashSet<string> _understood = [.. HarmlessKeys.All];
    private readonly List<string> _faults = [];

    /// <summary>Starts reading.</summary>
    /// <param name="root">The object of the file.</param>
    public HfConfig(JsonElement root) => _root = root;

    /// <summary>True when something was wrong so far.</summary>
    public bool IsFaulty => _faults.Count > 0;

    /// <summary>Adds a fault.</summary>
    public void Fault(string sentence) => _faults.Add(sentence);

    /// <summary>True when the key is there and not null.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>True when the key is not there at all; null is there.</summary>
    public bool IsAbsent(string key) => !_root.TryGetProperty(key, out _);

    /// <summary>A whole number that must be there.</summary>
    public int Int(string key)
    {
        if (OptionalInt(key) is { } value)
        {
            return value;
        }

        if (Find(key) is null)
        {
            Fault($"'{key}' is missing. It must be a whole number.");
        }

        return 1;
    }

    /// <summary>A whole number, or the family's default.</summary>
    public int Int(string key, int absent) => OptionalInt(key) ?? absent;

    /// <summary>A whole number, or null when the key is absent or null.</summary>
    public int? OptionalInt(string key)
    {
        if (Find(key) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value)
            && value == Math.Floor(value) && Math.Abs(value) <= int.MaxValue)
        {
            return (int)value;
        }

        Fault($"'{key}' is {element.GetRawText()}. It must be a whole number.");
        return null;
    }

    /// <summary>A number, or the family's default.</summary>
    public double Number(string key, double absent) => OptionalNumber(key) ?? absent;

    /// <summary>A number, or null when the key is absent or null.</summary>
    public double? OptionalNumber(string key) => Find(key) is { } element ? NumberOf(element, key) : null;

    /// <summary>True or false, or the family's default.</summary>
    public bool Flag(string key, bool absent)
    {
        if (Find(key) is not { } element)
        {
            return absent;
        }

        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return element.GetBoolean();
        }

        Fault($"'{key}' is {element.GetRawText()}. It must be true or false.");
        return absent;
    }

    /// <summary>A text, or the family's default.</summary>
    public string Text(string key, string absent)
    {
        if (Find(key) is not { } element)
        {
            return absent;
        }

        if (element.ValueKind == JsonValueKind.String)
        {
            return element.GetString()!;
        }

        Fault($"'{key}' is {element.GetRawText()}. It must be a text.");
        return absent;
    }

    /// <summary>One whole number or a list of them, as <c>eos_token_id</c> has; empty when absent or null.</summary>
    public NumberList Numbers(string key)
    {
        if (Find(key) is not { } element)
        {
            return [];
        }

        List<int> numbers = [];
        JsonElement[] items = element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray()] : [element];
        foreach (JsonElement item in items)
        {
            if (item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number))
            {
                numbers.Add(number);
            }
            else
            {
                Fault($"'{key}' is {element.GetRawText()}. It must be a whole number or a list of them.");
                break;
            }
        }

        return NumberList.Create(numbers.ToArray());
    }

    /// <summary>A list of texts; null when absent or null.</summary>
    public IReadOnlyList<string>? Texts(string key)
    {
        if (Find(key) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Array && element.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String))
        {
            return [.. element.EnumerateArray().Select(e => e.GetString()!)];
        }

        Fault($"'{key}' is {element.GetRawText()}. It must be a list of texts.");
        return null;
    }

    /// <summary>The activation named by <c>hidden_act</c>.</summary>
    public Activation Activation()
    {
        string name = Text("hidden_act", "silu");
        if (HfNames.ActivationOf(name) is { } activation)
        {
            return activation;
        }

        Fault($"'hidden_act' is \"{name}\", which is not known. Known are {HfNames.KnownActivations}.");
        return Tensors.Autograd.Ops.Activation.Silu;
    }

    /// <summary>Rotation, in the style of either time: <c>rope_theta</c> and <c>rope_scaling</c>, or <c>rope_parameters</c>.</summary>
    /// <param name="absentTheta">The base when no key names one.</param>
    public RotaryConfig Rotary(double absentTheta) => HfRotary.Read(this, absentTheta);

    /// <summary>An object, or null when the key is absent or null.</summary>
    public JsonElement? Object(string key)
    {
        if (Find(key) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Object)
        {
            return element;
        }

        Fault($"'{key}' is {element.GetRawText()}. It must be an object.");
        return null;
    }

    /// <summary>The number in an element, or null and a fault.</summary>
    public double? NumberOf(JsonElement element, string key)
    {
        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value) && double.IsFinite(value))
        {
            return value;
        }

        Fault($"'{key}' is {element.GetRawText()}. It must be a number.");
        return null;
    }

    /// <summary>Ends the reading of a file that may have any other keys.</summary>
    /// <exception cref="ConfigException">Something was wrong.</exception>
    public void ThrowIfFaulty(string subject) => ConfigException.ThrowIfAny(subject, _faults);

    /// <summary>Ends the reading.</summary>
    /// <param name="subject">The file, as it should be named in the message.</param>
    /// <param name="family">The <c>model_type</c>.</param>
    /// <exception cref="ConfigException">Something was wrong or not understood.</exception>
    public void ThrowIfNotUnderstood(string subject, string family)
    {
        foreach (JsonProperty property in _root.EnumerateObject())
        {
            if (_understood.Contains(property.Name) || property.Name.StartsWith('_') || IsNeutral(property))
            {
                continue;
            }

            _faults.Add(property.Name == "quantization_config"
                ? "'quantization_config': quantised checkpoints are not supported here. Use the float or BF16 weights."
                : $"'{property.Name}' is {Shorten(property.Value.GetRawText())}, which family '{family}' does not understand. "
                    + "It may change the mathematics, so the model is not loaded.");
        }

        ConfigException.ThrowIfAny(subject, _faults);
    }

    // Absent, off and empty say the same in a published config.json; so do multipliers of one and noise of zero.
    private static bool IsNeutral(JsonProperty property) => property.Value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Array => property.Value.GetArrayLength() == 0,
        JsonValueKind.Object => !property.Value.EnumerateObject().Any(),
        JsonValueKind.Number => HarmlessKeys.NeutralNumbers.TryGetValue(property.Name, out double neutral)
            && property.Value.GetDouble() == neutral,
        _ => false,
    };

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..77] + "...";

    private JsonElement? Find(string key)
    {
        _understood.Add(key);
        return _root.TryGetProperty(key, out JsonElement element) && element.ValueKind != JsonValueKind.Null ? element : null;
    }
}
