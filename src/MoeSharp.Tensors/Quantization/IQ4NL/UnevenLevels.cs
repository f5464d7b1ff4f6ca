using MoeSharp.Tensors.Quantization.Fitting;

namespace MoeSharp.Tensors.Quantization.IQ4NL;

/// <summary>The sixteen levels of IQ4_NL and IQ4_XS: denser around 0, where weights are.</summary>
/// <remarks>Source: ggml (MIT), kvalues_iq4nl.</remarks>
internal static class UnevenLevels
{
    /// <summary>About half the outermost step.</summary>
    private const float Reach = 12;

    /// <summary>Level of each code.</summary>
    public static ReadOnlySpan<sbyte> Values => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>The same, to fit scales to.</summary>
    public static TableLevels Levels { get; } = new(Values, Reach);
}
