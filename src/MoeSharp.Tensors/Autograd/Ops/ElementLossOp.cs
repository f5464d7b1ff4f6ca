using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>The mean of a loss of single numbers: squared, absolute, Huber, binary cross-entropy.</summary>
/// <remarks>
/// <para>Shapes: <c>x, targets [..]</c> of one length → scalar. Formula: mean of <see cref="ElementLoss"/> over all elements, summed in double;
/// <c>dx = dy·slope/n</c>. Targets carry no gradient and must not change before the backward pass.</para>
/// </remarks>
public sealed class ElementLossOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _targets;
    private readonly ElementLoss _loss;
    private readonly float[] _parameters;

    private ElementLossOp(Tensor x, Tensor targets, ElementLoss loss, float[] parameters, Tensor output)
        : base(output)
    {
        _x = x;
        _targets = targets;
        _loss = loss;
        _parameters = parameters;
    }

    /// <summary>Computes the mean loss.</summary>
    /// <param name="x">Predictions.</param>
    /// <param name="targets">As many targets.</param>
    /// <param name="loss">Which loss.</param>
    /// <param name="parameters">The loss's parameter: none for 1, one for all, or one a column.</param>
    /// <exception cref="TensorShapeException">The lengths differ, or there are neither 0, 1 nor as many parameters as columns.</exception>
    public static Tensor Apply(Tensor x, Tensor targets, ElementLoss loss, params float[] parameters)
    {
        if (targets.Length != x.Length || (parameters.Length > 1 && parameters.Length != x.Columns))
        {
            Throw.Shape($"element loss: got {x.Shape}, targets {targets.Shape} and {parameters.Length} parameters. There must be a target an element, and no parameter, one, or one a column.");
        }

        TensorScope scope = ScopeOf("element loss", x);
        Tensor output = scope.New(TensorShape.Scalar);
        double sum = 0;
        ReadOnlySpan<float> values = x.Span, wanted = targets.Span;
        for (int i = 0; i < values.Length; i++)
        {
            sum += ElementLossKernel.Value(loss, values[i], wanted[i], Parameter(parameters, i), out _);
        }

        output.Span[0] = (float)(sum / values.Length);
        return Records(scope, x) ? Record(scope, new ElementLossOp(x, targets, loss, parameters, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        ReadOnlySpan<float> values = _x.Span, wanted = _targets.Span;
        Span<float> gradient = _x.GradientFor(out bool accumulate).Span;
        double scale = OutputGradient.Span[0] / (double)values.Length;
        for (int i = 0; i < values.Length; i++)
        {
            ElementLossKernel.Value(_loss, values[i], wanted[i], Parameter(_parameters, i), out double slope);
            float value = (float)(scale * slope);
            gradient[i] = accumulate ? gradient[i] + value : value;
        }
    }

    private static double Parameter(float[] parameters, int i) => parameters.Length == 0 ? 1 : parameters[i % parameters.Length];
}
