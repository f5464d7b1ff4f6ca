using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Layers;

/// <summary>A normalisation of rows.</summary>
public interface INorm
{
    /// <summary>What it learns.</summary>
    IEnumerable<Parameter> Parameters { get; }

    /// <summary>Normalises every row of <c>x [T, D]</c>.</summary>
    Tensor Forward(Tensor x);
}
