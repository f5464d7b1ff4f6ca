using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Layers;

/// <summary>A matrix applied to every row, with an optional bias.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, in]</c> → <c>[T, out]</c>; weight <c>[out, in]</c> as checkpoints store it. Formula: <c>y = x·Wᵀ + b</c>.</para>
/// <para>Safe for concurrent use in evaluation.</para>
/// </remarks>
public sealed class Linear
{
    /// <summary>Creates the layer with undefined weights and a zero bias.</summary>
    /// <param name="name">Path in the model; parameters are <c>name.weight</c> and <c>name.bias</c>.</param>
    /// <param name="inputSize">Columns of the input.</param>
    /// <param name="outputSize">Columns of the output.</param>
    /// <param name="hasBias">True for a bias.</param>
    public Linear(string name, int inputSize, int outputSize, bool hasBias = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(outputSize, 1);
        Weight = new Parameter(name + ".weight", new TensorShape(outputSize, inputSize)) { CanPack = true };
        Bias = hasBias ? new Parameter(name + ".bias", Tensor.Zeros(new TensorShape(outputSize))) : null;
    }

    /// <summary>The matrix <c>[out, in]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary>The bias <c>[out]</c>, if there is one.</summary>
    public Parameter? Bias { get; }

    /// <summary>Weight, then bias.</summary>
    public IEnumerable<Parameter> Parameters => Bias is null ? [Weight] : [Weight, Bias];

    /// <summary>Applies the layer to <c>x [T, in]</c>.</summary>
    public Tensor Forward(Tensor x) => LinearOp.Apply(x, Weight, Bias?.Value);
}
