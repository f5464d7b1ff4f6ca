using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Kernels;

/// <summary>The width in bits of the vectors that kernels use: 512, 256, 128, or 0 for the scalar definitions.</summary>
/// <remarks>
/// <c>MOESHARP_SIMD=0|128|256|512</c> lowers it, never raises it past the hardware. Wider bodies can still be tested by calling
/// them directly: the runtime emulates them.
/// </remarks>
internal static class Simd
{
    /// <summary>Chosen once for the process; the JIT folds it to a constant.</summary>
    public static readonly int Width = Math.Min(HardwareWidth(), RequestedWidth());

    /// <summary>What the machine has.</summary>
    public static int HardwareWidth() =>
        Vector512.IsHardwareAccelerated ? 512
        : Vector256.IsHardwareAccelerated ? 256
        : Vector128.IsHardwareAccelerated ? 128
        : 0;

    private static int RequestedWidth()
    {
        string? requested = Environment.GetEnvironmentVariable("MOESHARP_SIMD");
        return requested switch
        {
            null or "" => int.MaxValue,
            "0" => 0,
            "128" => 128,
            "256" => 256,
            "512" => 512,
            _ => throw new InvalidOperationException(
                $"MOESHARP_SIMD: '{requested}' is not a width. Use 0, 128, 256 or 512, or leave it unset."),
        };
    }
}
