using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding;

/// <summary>Sees the residual stream of a forward pass.</summary>
public interface IForwardObserver
{
    /// <summary>Looks at a hidden state; it lives only as long as the step.</summary>
    /// <param name="index">0 after the embedding, l after block l − 1; the last one, L, after the final norm.</param>
    /// <param name="hidden">Rows <c>[T, D]</c>.</param>
    void Observe(int index, Tensor hidden);
}
