using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Layers;

/// <summary>Divides each row by its root mean square and multiplies by a learned weight.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, n·D]</c>, weight <c>[D]</c> → <c>[T, n·D]</c>: with n &gt; 1 each group of D columns (a head) is a row of its own.</para>
/// <para>Formula: <c>y = w ∘ x / √(mean(x²) + ε)</c>. Source: Zhang and Sennrich 2019, arXiv:1910.07467.</para>
/// </remarks>
public sealed class RmsNorm : INorm
{
    private readonly float _epsilon;

    /// <summary>Creates the layer with weight 1.</summary>
    /// <param name="name">Path in the model; the parameter is <c>name.weight</c>.</param>
    /// <param name="size">Width of what is normalised together.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    public RmsNorm(string name, int size, float epsilon)
    {
        Weight = new Parameter(name + ".weight", Tensor.Uninitialized(new TensorShape(size)));
        Weight.Value.Fill(1);
        _epsilon = epsilon;
    }

    /// <summary>The weight <c>[D]</c>.</summary>
    public Parameter Weight { get; }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters => [Weight];

    /// <inheritdoc/>
    public Tensor Forward(Tensor x) => RmsNormOp.Apply(x, Weight.Value, _epsilon);
}
