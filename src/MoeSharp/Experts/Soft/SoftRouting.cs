using MoeSharp.Tensors;

namespace MoeSharp.Experts.Soft;

/// <summary>Weights of a soft mixture: every slot sees every token of its sequence.</summary>
/// <param name="Logits">Logits <c>[T, P]</c>, P = E·slots.</param>
/// <param name="Dispatch">Softmax over the tokens of a sequence, for every slot <c>[T, P]</c>.</param>
/// <param name="Combine">Softmax over all slots, for every token <c>[T, P]</c>.</param>
public readonly record struct SoftRouting(Tensor Logits, Tensor Dispatch, Tensor Combine);
