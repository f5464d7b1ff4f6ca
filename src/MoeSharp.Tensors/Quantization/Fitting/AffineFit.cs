namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>A scale and an offset of a group: values are <c>scale·q + offset</c>.</summary>
/// <param name="Scale">Not negative.</param>
/// <param name="Offset">The value of level 0.</param>
/// <param name="Curvature">Σ w·q²: how fast the error grows when the scale is moved away.</param>
internal readonly record struct AffineFit(float Scale, float Offset, float Curvature);
