using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Layers;

/// <summary>Takes the mean from each row, divides by its standard deviation, multiplies by a weight and may add a bias.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c> → <c>[T, D]</c>. Formula: <c>y = w ∘ (x − mean) / √(variance + ε) + b</c>, variance over D (not D − 1).</para>
/// <para>Source: Ba, Kiros, Hinton 2016, arXiv:1607.06450.</para>
/// </remarks>
public sealed class LayerNorm : INorm
{
    private readonly float _epsilon;

    /// <summary>Creates the layer with weight 1 and bias 0.</summary>
    /// <param name="name">Path in the model; parameters are <c>name.weight</c> and <c>name.bias</c>.</param>
    /// <param name="size">Width of a row.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="hasBias">True for a bias.</param>
    public LayerNorm(string name, int size, float epsilon, bool hasBias)
    {
        Weight = new Parameter(name + ".weight", Tensor.Uninitialized(new TensorShape(size)));
        Weight.Value.Fill(1);
        Bias = hasBias ? new Parameter(name + ".bias", Tensor.Zeros(new TensorShape(size))) : null;
        _epsilon = epsilon;
    }

    /// <summary>The weight <c>[D]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary>The bias <c>[D]</c>, if there is one.</summary>
    public Parameter? Bias { get; }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters => Bias is null ? [Weight] : [Weight, Bias];

    /// <inheritdoc/>
    public Tensor Forward(Tensor x) => LayerNormOp.Apply(x, Weight.Value, Bias?.Value, _epsilon);
}
