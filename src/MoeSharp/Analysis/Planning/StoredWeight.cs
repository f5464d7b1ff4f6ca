using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Planning;

/// <summary>How one of our weights stands in a checkpoint.</summary>
/// <param name="Type">The name of its type, as <c>BF16</c>.</param>
/// <param name="Bytes">Bytes of all tensors, and parts of tensors, that it is made of.</param>
/// <param name="Format">The format it can be multiplied in; null where it becomes float32.</param>
public sealed record StoredWeight(string Type, long Bytes, BlockFormat? Format);
