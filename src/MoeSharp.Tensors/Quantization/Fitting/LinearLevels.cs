using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>Every whole number from <paramref name="lowest"/> to <paramref name="highest"/>.</summary>
internal readonly struct LinearLevels(int lowest, int highest) : ICodeLevels
{
    public float Lowest => lowest;

    public float Highest => highest;

    public float Reach => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Nearest(Vector256<float> x) => Vector256.MinNative(
        Vector256.MaxNative(Vector256.Round(x), Vector256.Create((float)lowest)), Vector256.Create((float)highest));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<int> NearestIndex(Vector256<float> x) =>
        Vector256.ConvertToInt32Native(Nearest(x)) - Vector256.Create(lowest);
}
