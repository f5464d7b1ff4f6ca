using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Conversion;

/// <summary>How a recipe stores a tensor.</summary>
/// <param name="Format">The format.</param>
/// <param name="Reason">Why it is not what was asked for: a small tensor, a row that is no whole number of blocks; null when it is.</param>
public readonly record struct TensorChoice(BlockFormat Format, string? Reason = null);
