using MoeSharp.Formats.Gguf;
using MoeSharp.Layers;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Scaling of rotation that is no key but a tensor of divisors: one a pair of columns.</summary>
/// <remarks>
/// <para>Llama 3's scaling is what it comes to, in <c>rope_freqs.weight</c>; a reader sees divisors that hold for all texts. LongRope has
/// <c>rope_factors_short.weight</c> and <c>rope_factors_long.weight</c>, the length at which they change places in
/// <c>rope.scaling.original_context_length</c>, and what cosines and sines are multiplied by in <c>rope.scaling.attn_factor</c>; where that
/// differs between short and long texts, our own keys <c>rope.scaling.short_mscale</c> and <c>rope.scaling.long_mscale</c> say it.</para>
/// <para>Source: llama.cpp, <c>conversion/llama.py</c>, <c>conversion/phi.py</c>, <c>src/llama-model.cpp</c> (<c>get_rope_factors</c>).</para>
/// </remarks>
internal static class GgufDivisors
{
    private const string All = "rope_freqs.weight";
    private const string Short = "rope_factors_short.weight";
    private const string Long = "rope_factors_long.weight";
    private const string OriginalKey = "rope.scaling.original_context_length";
    private const string FactorKey = "rope.scaling.attn_factor";
    private const string ShortKey = "rope.scaling.short_mscale";
    private const string LongKey = "rope.scaling.long_mscale";

    /// <summary>Names of the tensors.</summary>
    public static IReadOnlyList<string> Names { get; } = [All, Short, Long];

    /// <summary>Rotation with the divisors of a file, where it has them.</summary>
    public static RotaryConfig Read(GgufFacts facts, RotaryConfig rotary)
    {
        float[]? all = facts.Values(All);
        float[]? brief = facts.Values(Short) ?? all, extended = facts.Values(Long) ?? all;
        if (brief is null || extended is null || rotary.Scaling != RopeScaling.Default)
        {
            return rotary;
        }

        int positions = facts.OptionalInt("context_length") ?? 2048;
        return rotary with
        {
            Scaling = RopeScaling.LongRope,
            OriginalPositionCount = all is null ? facts.OptionalInt(OriginalKey) ?? positions : positions,
            AttentionFactor = facts.OptionalNumber(FactorKey) ?? 1,
            ShortMScale = facts.OptionalNumber(ShortKey),
            LongMScale = facts.OptionalNumber(LongKey),
            ShortFactors = ToList(brief),
            LongFactors = ToList(extended),
        };
    }

    /// <summary>Writes the keys that stand beside the tensors.</summary>
    public static void Write(DecoderConfig config, Action<string, GgufValue> set)
    {
        RotaryConfig rotary = Essence(config.Rotary, config.RotatedHeadSize, config.PositionCount);
        if (rotary.Scaling != RopeScaling.LongRope || HoldsForAll(rotary))
        {
            return;
        }

        set(OriginalKey, GgufValue.Of((uint)rotary.OriginalPositionCount!.Value));
        set(FactorKey, GgufValue.Of((float)rotary.ShortMScale!.Value));
        if (rotary.ShortMScale != rotary.LongMScale)
        {
            set(ShortKey, GgufValue.Of((float)rotary.ShortMScale!.Value));
            set(LongKey, GgufValue.Of((float)rotary.LongMScale!.Value));
        }
    }

    /// <summary>The tensors of a model; none where its rotation has keys.</summary>
    public static IReadOnlyList<(string Name, float[] Values)> TensorsOf(DecoderConfig config)
    {
        RotaryConfig rotary = Essence(config.Rotary, config.RotatedHeadSize, config.PositionCount);
        if (rotary.Scaling != RopeScaling.LongRope)
        {
            return [];
        }

        return HoldsForAll(rotary)
            ? [(All, ToArray(rotary.ShortFactors))]
            : [(Short, ToArray(rotary.ShortFactors)), (Long, ToArray(rotary.LongFactors))];
    }

    /// <summary>Rotation by divisors as a file can say it: numbers as 32-bit floats, what Llama 3's scaling comes to, defaults filled in.</summary>
    public static RotaryConfig Essence(RotaryConfig rotary, int headSize, int positions)
    {
        if (rotary.Scaling is not (RopeScaling.LongRope or RopeScaling.Llama3))
        {
            return rotary;
        }

        var plain = new RotaryConfig { Theta = rotary.Theta, PartialFactor = rotary.PartialFactor, IsInterleaved = rotary.IsInterleaved, Scaling = RopeScaling.LongRope };
        if (rotary.Scaling == RopeScaling.Llama3)
        {
            FactorList divisors = ToList([.. RopeFrequencies.Llama3Divisors(Rotary.OptionsOf(rotary, headSize, positions)).Select(value => (float)value)]);
            return plain with { ShortFactors = divisors, LongFactors = divisors, ShortMScale = 1, LongMScale = 1 };
        }

        RopeTable table = Rotary.CreateTable(rotary, headSize, positions);
        RotaryConfig essence = plain with
        {
            OriginalPositionCount = rotary.OriginalPositionCount ?? positions,
            ShortFactors = ToList(ToArray(rotary.ShortFactors)),
            LongFactors = ToList(ToArray(rotary.LongFactors)),
            ShortMScale = table.AttentionFactor,
            LongMScale = table.Long?.AttentionFactor ?? table.AttentionFactor,
        };
        return HoldsForAll(essence) ? essence with { OriginalPositionCount = null } : essence;
    }

    private static bool HoldsForAll(RotaryConfig essence) =>
        essence.ShortFactors.Equals(essence.LongFactors) && essence is { ShortMScale: 1, LongMScale: 1 };

    private static float[] ToArray(FactorList factors) => [.. factors.Select(factor => (float)factor)];

    private static FactorList ToList(float[] factors) => FactorList.Create([.. factors.Select(factor => (double)factor)]);
}
