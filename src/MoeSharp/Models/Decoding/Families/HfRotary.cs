using System.Text.Json;
using System.Text.Json.Nodes;
using MoeSharp.Layers;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Rotary keys of a published <c>config.json</c>, in the style of either time.</summary>
/// <remarks>Before transformers 5: <c>rope_theta</c> beside <c>rope_scaling</c> (null, or with <c>rope_type</c>, once called
/// <c>type</c>). Since then: one object <c>rope_parameters</c> with both. Written in the older style, which every reader knows.</remarks>
internal static class HfRotary
{
    /// <summary>Reads rotation.</summary>
    /// <param name="hf">The file.</param>
    /// <param name="absentTheta">The base when no key names one.</param>
    public static RotaryConfig Read(HfConfig hf, double absentTheta)
    {
        double theta = hf.Number("rope_theta", absentTheta);
        double partial = hf.Number("partial_rotary_factor", 1);
        JsonElement? older = hf.Object("rope_scaling");
        JsonElement? newer = hf.Object("rope_parameters");
        if ((newer ?? older) is not { } facts)
        {
            return new RotaryConfig { Theta = theta, PartialFactor = partial };
        }

        return ReadObject(hf, newer is null ? "rope_scaling" : "rope_parameters", facts, theta, partial);
    }

    /// <summary>True when a file says which part of a head is rotated, in either style.</summary>
    public static bool SaysPartialFactor(HfConfig hf) => hf.Has("partial_rotary_factor")
        || (hf.Object("rope_parameters") is { } newer && newer.TryGetProperty("partial_rotary_factor", out JsonElement part)
            && part.ValueKind == JsonValueKind.Number);

    /// <summary>Writes rotation.</summary>
    public static void Write(RotaryConfig rotary, JsonObject json)
    {
        json["rope_theta"] = rotary.Theta;
        if (rotary.PartialFactor != 1)
        {
            json["partial_rotary_factor"] = rotary.PartialFactor;
        }

        if (rotary.Scaling == RopeScaling.Default)
        {
            json["rope_scaling"] = null;
            return;
        }

        var facts = new JsonObject { ["rope_type"] = NameOf(rotary.Scaling), ["factor"] = rotary.Factor };
        if (rotary.OriginalPositionCount is { } original)
        {
            facts["original_max_position_embeddings"] = original;
        }

        if (rotary.Scaling == RopeScaling.Yarn)
        {
            facts["beta_fast"] = rotary.BetaFast;
            facts["beta_slow"] = rotary.BetaSlow;
            facts["truncate"] = rotary.Truncates;
            AddIfGiven(facts, "attention_factor", rotary.AttentionFactor);
            AddIfGiven(facts, "mscale", rotary.MScale);
            AddIfGiven(facts, "mscale_all_dim", rotary.MScaleAllDimensions);
        }
        else if (rotary.Scaling == RopeScaling.Llama3)
        {
            facts["low_freq_factor"] = rotary.LowFrequencyFactor;
            facts["high_freq_factor"] = rotary.HighFrequencyFactor;
        }

        json["rope_scaling"] = facts;
    }

    private static RotaryConfig ReadObject(HfConfig hf, string key, JsonElement facts, double theta, double partial)
    {
        RopeScaling kind = RopeScaling.Default;
        var rotary = new RotaryConfig { Theta = theta, PartialFactor = partial };
        foreach (JsonProperty property in facts.EnumerateObject())
        {
            string path = $"{key}.{property.Name}";
            JsonElement value = property.Value;
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            switch (property.Name)
            {
                case "rope_type" or "type":
                    kind = KindOf(hf, path, value);
                    break;
                case "truncate" when value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                    rotary = rotary with { Truncates = value.GetBoolean() };
                    break;
                default:
                    rotary = WithNumber(hf, rotary, path, property);
                    break;
            }
        }

        if (kind is RopeScaling.Llama3 && rotary.OriginalPositionCount is null)
        {
            hf.Fault($"'{key}.original_max_position_embeddings' is missing. rope_type \"llama3\" needs it.");
        }

        bool hasFactor = facts.TryGetProperty("factor", out JsonElement factor) && factor.ValueKind == JsonValueKind.Number;
        if (kind is RopeScaling.Yarn && !hasFactor && rotary.OriginalPositionCount is > 0 and var trained
            && hf.OptionalInt("max_position_embeddings") is { } positions)
        {
            rotary = rotary with { Factor = (double)positions / trained }; // as transformers fills it in
        }
        else if (kind is not RopeScaling.Default && !hasFactor)
        {
            hf.Fault($"'{key}.factor' is missing. rope_type \"{NameOf(kind)}\" needs it.");
        }

        return rotary with { Scaling = kind };
    }

    private static RotaryConfig WithNumber(HfConfig hf, RotaryConfig rotary, string path, JsonProperty property)
    {
        if (property.Value.ValueKind == JsonValueKind.Object)
        {
            hf.Fault($"'{path}' is an object: a rotation of its own for some layers is not supported by this family.");
            return rotary;
        }

        if (hf.NumberOf(property.Value, path) is not { } value)
        {
            return rotary;
        }

        switch (property.Name)
        {
            case "rope_theta":
                return rotary with { Theta = value };
            case "partial_rotary_factor":
                return rotary with { PartialFactor = value };
            case "factor":
                return rotary with { Factor = value };
            case "original_max_position_embeddings":
                return rotary with { OriginalPositionCount = (int)value };
            case "beta_fast":
                return rotary with { BetaFast = value };
            case "beta_slow":
                return rotary with { BetaSlow = value };
            case "attention_factor":
                return rotary with { AttentionFactor = value };
            case "mscale":
                return rotary with { MScale = value };
            case "mscale_all_dim":
                return rotary with { MScaleAllDimensions = value };
            case "low_freq_factor":
                return rotary with { LowFrequencyFactor = value };
            case "high_freq_factor":
                return rotary with { HighFrequencyFactor = value };
            default:
                hf.Fault($"'{path}' is {property.Value.GetRawText()}, which is not understood. It may change the mathematics.");
                return rotary;
        }
    }

    private static RopeScaling KindOf(HfConfig hf, string path, JsonElement value)
    {
        string name = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        switch (name)
        {
            case "default":
                return RopeScaling.Default;
            case "linear":
                return RopeScaling.Linear;
            case "dynamic":
                return RopeScaling.Dynamic;
            case "yarn":
                return RopeScaling.Yarn;
            case "llama3":
                return RopeScaling.Llama3;
            default:
                hf.Fault($"'{path}' is \"{name}\", which is not supported. Supported are default, linear, dynamic, yarn, llama3.");
                return RopeScaling.Default;
        }
    }

    private static string NameOf(RopeScaling kind) => kind switch
    {
        RopeScaling.Linear => "linear",
        RopeScaling.Dynamic => "dynamic",
        RopeScaling.Yarn => "yarn",
        RopeScaling.Llama3 => "llama3",
        _ => "default",
    };

    private static void AddIfGiven(JsonObject facts, string key, double? value)
    {
        if (value is { } number)
        {
            facts[key] = number;
        }
    }
}
