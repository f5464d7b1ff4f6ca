namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>Weighted sums over a group whose levels q are chosen: what least squares needs.</summary>
/// <param name="Qx">Σ w·q·x.</param>
/// <param name="Qq">Σ w·q².</param>
/// <param name="Q">Σ w·q.</param>
internal readonly record struct FitSums(float Qx, float Qq, float Q);
