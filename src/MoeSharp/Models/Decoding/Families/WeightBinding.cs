using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>One tensor of a published checkpoint, and where its numbers stand in our parameters.</summary>
/// <param name="Tensor">Its published name.</param>
/// <param name="Shape">Its published shape.</param>
/// <param name="Segments">The runs it is made of; they cover it completely.</param>
public sealed record WeightBinding(string Tensor, TensorShape Shape, IReadOnlyList<WeightSegment> Segments);
