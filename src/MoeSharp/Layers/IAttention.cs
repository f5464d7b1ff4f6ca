using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Layers;

/// <summary>The part of a block in which tokens of a sequence see one another.</summary>
public interface IAttention
{
    /// <summary>All parameters, in order of use.</summary>
    IEnumerable<Parameter> Parameters { get; }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">Rows <c>[T, D]</c>.</param>
    /// <param name="layout">Which rows belong together, and their positions.</param>
    /// <param name="caches">One cache a sequence, extended by this call; empty for none (training).</param>
    /// <param name="layer">Number of the block: which memory of a cache is its own.</param>
    Tensor Forward(Tensor x, SequenceLayout layout, ReadOnlySpan<KeyValueCache> caches, int layer);
}
