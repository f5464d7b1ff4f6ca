using System.Text.Json.Nodes;
using MoeSharp.Formats;
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
        var plain = new RotaryConfig
        {
            Theta = hf.Number("rope_theta", absentTheta),
            PartialFactor = hf.Number("partial_rotary_factor", 1),
        };
        JsonConfig? older = hf.Section("rope_scaling");
        JsonConfig? newer = hf.Section("rope_parameters");
        return (newer ?? older) is { } facts
            ? ReadSection(hf, newer is null ? "rope_scaling" : "rope_parameters", facts, plain)
            : plain;
    }

    /// <summary>True when a file says which part of a head is rotated, in either style.</summary>
    public static bool SaysPartialFactor(HfConfig hf) =>
        hf.Has("partial_rotary_factor") || hf.Section("rope_parameters")?.Has("partial_rotary_factor") == true;

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
        }
        else if (rotary.Scaling == RopeScaling.LongRope)
        {
            facts["short_factor"] = new JsonArray([.. rotary.ShortFactors.Select(number => (JsonNode?)JsonValue.Create(number))]);
            facts["long_factor"] = new JsonArray([.. rotary.LongFactors.Select(number => (JsonNode?)JsonValue.Create(number))]);
            AddIfGiven(facts, "short_mscale", rotary.ShortMScale);
            AddIfGiven(facts, "long_mscale", rotary.LongMScale);
            AddIfGiven(facts, "attention_factor", rotary.AttentionFactor);
        }
        else if (rotary.Scaling == RopeScaling.Llama3)
        {
            facts["low_freq_factor"] = rotary.LowFrequencyFactor;
            facts["high_freq_factor"] = rotary.HighFrequencyFactor;
        }

        AddIfGiven(facts, "mscale", rotary.MScale);
        AddIfGiven(facts, "mscale_all_dim", rotary.MScaleAllDimensions);
        json["rope_scaling"] = facts;
    }

    private static RotaryConfig ReadSection(HfConfig hf, string key, JsonConfig facts, RotaryConfig plain)
    {
        RopeScaling kind = KindOf(hf, key, facts.GetOptionalString("rope_type") ?? facts.GetOptionalString("type") ?? "default");
        facts.Ignore("type"); // the older name of rope_type; some files have both
        int? trained = facts.GetOptionalInt("original_max_position_embeddings");
        if (kind == RopeScaling.LongRope)
        {
            trained ??= hf.OptionalInt("original_max_position_embeddings"); // beside the section in some files
            hf.Ignore("original_max_position_embeddings");
        }

        double? factor = facts.GetOptionalDouble("factor");
        if (factor is null && (kind is RopeScaling.Yarn or RopeScaling.LongRope) && trained > 0)
        {
            factor = (double?)hf.OptionalInt("max_position_embeddings") / trained; // as transformers fills it in
        }

        if (factor is null && kind is not RopeScaling.Default && !facts.Has("alpha"))
        {
            hf.Fault($"{key}.factor is missing. rope_type \"{NameOf(kind)}\" needs it.");
        }

        if (trained is null && kind is RopeScaling.Llama3)
        {
            hf.Fault($"{key}.original_max_position_embeddings is missing. rope_type \"llama3\" needs it.");
        }

        var absent = new RotaryConfig();
        return new RotaryConfig
        {
            Theta = facts.GetDoubleOr("rope_theta", plain.Theta),
            PartialFactor = facts.GetDoubleOr("partial_rotary_factor", plain.PartialFactor),
            Scaling = kind,
            Factor = factor ?? absent.Factor,
            OriginalPositionCount = trained,
            BetaFast = facts.GetDoubleOr("beta_fast", absent.BetaFast),
            BetaSlow = facts.GetDoubleOr("beta_slow", absent.BetaSlow),
            Truncates = facts.GetBoolOr("truncate", absent.Truncates),
            AttentionFactor = facts.GetOptionalDouble("attention_factor"),
            MScale = facts.GetOptionalDouble("mscale"),
            MScaleAllDimensions = facts.GetOptionalDouble("mscale_all_dim"),
            ShortFactors = FactorList.Create(facts.GetOptionalDoubles("short_factor") ?? []),
            LongFactors = FactorList.Create(facts.GetOptionalDoubles("long_factor") ?? []),
            ShortMScale = facts.GetOptionalDouble("short_mscale"),
            LongMScale = facts.GetOptionalDouble("long_mscale"),
            LowFrequencyFactor = facts.GetDoubleOr("low_freq_factor", absent.LowFrequencyFactor),
            HighFrequencyFactor = facts.GetDoubleOr("high_freq_factor", absent.HighFrequencyFactor),
        };
    }

    private static RopeScaling KindOf(HfConfig hf, string key, string name)
    {
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
            case "longrope" or "su":
                return RopeScaling.LongRope;
            default:
                hf.Fault($"{key}.rope_type is \"{name}\", which is not supported. Supported are default, linear, dynamic, yarn, llama3, longrope.");
                return RopeScaling.Default;
        }
    }

    private static string NameOf(RopeScaling kind) => kind switch
    {
        RopeScaling.Linear => "linear",
        RopeScaling.Dynamic => "dynamic",
        RopeScaling.Yarn => "yarn",
        RopeScaling.Llama3 => "llama3",
        RopeScaling.LongRope => "longrope",
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
