using MoeSharp.Tensors;

namespace MoeSharp.Training;

/// <summary>A tensor with the name it is saved under.</summary>
/// <param name="Name">Unique in its file.</param>
/// <param name="Value">Written to and read from in place.</param>
public readonly record struct NamedTensor(string Name, Tensor Value);
