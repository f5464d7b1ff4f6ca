using MoeSharp.Tensors;

namespace MoeSharp.Models.Conversion;

/// <summary>Some whole rows of a tensor on its way into a file.</summary>
/// <param name="First">First element, counted over the flattened tensor.</param>
/// <param name="Values">The values; valid until the next piece is asked for.</param>
internal readonly record struct ValuePiece(long First, Tensor Values);
