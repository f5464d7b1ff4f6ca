using MoeSharp.Formats.Gguf;
using MoeSharp.Layers;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>The keys of rotation, which all architectures share.</summary>
/// <remarks>A file has no key for the rounding of YaRN's range, which is rounded, and none for <c>mscale</c>, which is <c>mscale_all_dim</c>:
/// <c>rope.scaling.yarn_truncate</c> and <c>rope.scaling.yarn_mscale</c> are our own, written for models that differ.</remarks>
internal static class GgufRotary
{
    private const string TruncateKey = "rope.scaling.yarn_truncate";
    private const string MScaleKey = "rope.scaling.yarn_mscale";

    /// <summary>Reads rotation.</summary>
    public static RotaryConfig Read(GgufFacts facts, int headSize, bool isInterleaved) =>
        GgufDivisors.Read(facts, ReadKeys(facts, headSize, isInterleaved));

    private static RotaryConfig ReadKeys(GgufFacts facts, int headSize, bool isInterleaved)
    {
        int rotated = facts.OptionalInt("rope.dimension_count") is > 0 and var count ? count : headSize;
        var plain = new RotaryConfig
        {
            Theta = facts.OptionalNumber("rope.freq_base") ?? 10000,
            PartialFactor = Part(rotated, headSize),
            IsInterleaved = isInterleaved,
        };
        double factor = facts.OptionalNumber("rope.scaling.factor") ?? facts.OptionalNumber("rope.scale_linear") ?? 1;
        switch (facts.OptionalText("rope.scaling.type") ?? "linear")
        {
            case "none" or "longrope": // longrope is its factors, which are tensors
                return plain;
            case "linear":
                return factor is 0 or 1 ? plain : plain with { Scaling = RopeScaling.Linear, Factor = factor };
            case "yarn":
                double all = (facts.OptionalNumber("rope.scaling.yarn_log_multiplier") ?? 0) / 0.1;
                return plain with
                {
                    Scaling = RopeScaling.Yarn,
                    Factor = factor,
                    OriginalPositionCount = facts.OptionalInt("rope.scaling.original_context_length"),
                    BetaFast = facts.OptionalNumber("rope.scaling.yarn_beta_fast") ?? plain.BetaFast,
                    BetaSlow = facts.OptionalNumber("rope.scaling.yarn_beta_slow") ?? plain.BetaSlow,
                    AttentionFactor = facts.OptionalNumber("rope.scaling.yarn_attn_factor") ?? facts.OptionalNumber("rope.scaling.attn_factor"),
                    MScale = Short(facts.OptionalNumber(MScaleKey) ?? all),
                    MScaleAllDimensions = Short(all),
                    Truncates = facts.OptionalFlag(TruncateKey) ?? true,
                };
            case var type:
                throw facts.Fault("rope.scaling.type", $"is '{type}', which is not supported. Supported are none, linear, yarn, longrope.");
        }
    }

    /// <summary>Writes rotation.</summary>
    public static void Write(DecoderConfig config, int headSize, Action<string, GgufValue> set)
    {
        RotaryConfig rotary = config.Rotary;
        set("rope.freq_base", GgufValue.Of((float)rotary.Theta));
        set("rope.dimension_count", GgufValue.Of((uint)rotary.RotatedSize(headSize)));
        if (rotary.Scaling == RopeScaling.Linear)
        {
            set("rope.scaling.type", GgufValue.Of("linear"));
            set("rope.scaling.factor", GgufValue.Of((float)rotary.Factor));
        }
        else if (rotary.Scaling == RopeScaling.Yarn)
        {
            set("rope.scaling.type", GgufValue.Of("yarn"));
            set("rope.scaling.factor", GgufValue.Of((float)rotary.Factor));
            set("rope.scaling.original_context_length", GgufValue.Of((uint)(rotary.OriginalPositionCount ?? config.PositionCount)));
            set("rope.scaling.yarn_beta_fast", GgufValue.Of((float)rotary.BetaFast));
            set("rope.scaling.yarn_beta_slow", GgufValue.Of((float)rotary.BetaSlow));
            if (rotary.AttentionFactor is { } attention)
            {
                set("rope.scaling.yarn_attn_factor", GgufValue.Of((float)attention));
            }

            if (rotary.MScaleAllDimensions is { } all and not 0)
            {
                set("rope.scaling.yarn_log_multiplier", GgufValue.Of((float)(0.1 * all)));
            }

            if ((rotary.MScale ?? 0) != (rotary.MScaleAllDimensions ?? 0))
            {
                set(MScaleKey, GgufValue.Of((float)(rotary.MScale ?? 0)));
            }

            if (!rotary.Truncates)
            {
                set(TruncateKey, GgufValue.Of(false));
            }
        }
        else
        {
            GgufDivisors.Write(config, set);
        }
    }

    /// <summary>Rotation as a file can say it: numbers as 32-bit floats, defaults filled in.</summary>
    public static RotaryConfig Essence(RotaryConfig rotary, int headSize, int positions) =>
        WithFloats(GgufDivisors.Essence(rotary, headSize, positions), headSize, positions);

    private static RotaryConfig WithFloats(RotaryConfig rotary, int headSize, int positions) => rotary with
    {
        Theta = (float)rotary.Theta,
        PartialFactor = Part(rotary.RotatedSize(headSize), headSize),
        Factor = (float)rotary.Factor,
        OriginalPositionCount = rotary.Scaling switch
        {
            RopeScaling.Yarn => rotary.OriginalPositionCount ?? positions,
            RopeScaling.LongRope => rotary.OriginalPositionCount,
            _ => null,
        },
        BetaFast = (float)rotary.BetaFast,
        BetaSlow = (float)rotary.BetaSlow,
        AttentionFactor = (float?)rotary.AttentionFactor,
        MScale = Short((float)(rotary.MScale ?? 0)),
        MScaleAllDimensions = Short((float)(rotary.MScaleAllDimensions ?? 0)),
    };

    /// <summary>The part of a head that gives back a number of columns.</summary>
    private static double Part(int rotated, int headSize)
    {
        double part = headSize < 1 ? 1 : (double)rotated / headSize;
        return (int)(headSize * part) == rotated ? part : Math.BitIncrement(part);
    }

    // 0.1 * 0.707 in 32 bits and back: to the digits that configurations have; 0 stands for none.
    private static double? Short(double value) => Math.Round(value, 5) is var number && number == 0 ? null : number;
}
