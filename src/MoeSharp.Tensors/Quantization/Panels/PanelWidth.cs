using MoeSharp.Tensors.Kernels;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>Which registers multiply panels on this machine.</summary>
internal static class PanelWidth
{
    /// <summary>Results that one row of activations has of two panels.</summary>
    public const int SumRows = 2 * PanelScheme.Rows;

    /// <summary>512, 256 or 128 bits; 0 for the definition. Chosen once for the process.</summary>
    public static readonly int Chosen =
        Simd.Width >= 512 && CodeLanes512.IsSupported ? 512
        : Simd.Width >= 256 && CodeLanes256.IsSupported ? 256
        : Math.Min(Simd.Width, 128);
}
