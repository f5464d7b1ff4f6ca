using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Kernels.Optimizers;

namespace MoeSharp.Training.Optimizers;

/// <summary>RMSprop: steps divided by the running root mean square of the gradient.</summary>
/// <remarks>Formula and source: <c>RmsPropKernel</c>; tested against torch.optim.RMSprop. The decay is added to the gradient.</remarks>
public sealed class RmsProp : Optimizer
{
    private readonly double _alpha;
    private readonly double _epsilon;
    private readonly bool _centered;
    private readonly double _momentum;
    private readonly RmsPropCoefficients[] _coefficients;

    /// <summary>Takes the parameters and makes the means.</summary>
    /// <param name="parameters">What to train.</param>
    /// <param name="alpha">α, memory of the mean square.</param>
    /// <param name="epsilon">ε, added to the root.</param>
    /// <param name="centered">True to divide by the running deviation instead.</param>
    /// <param name="momentum">μ of the step, 0 for none.</param>
    /// <param name="decay">λ, and which parameters it applies to; null for none.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    public RmsProp(
        IReadOnlyList<Parameter> parameters,
        double alpha = 0.99,
        double epsilon = 1e-8,
        bool centered = false,
        double momentum = 0,
        WeightDecay? decay = null,
        Workers? workers = null)
        : base(parameters, decay ?? WeightDecay.None, ["square", "mean", "velocity"], workers)
    {
        _alpha = alpha;
        _epsilon = epsilon;
        _centered = centered;
        _momentum = momentum;
        _coefficients = new RmsPropCoefficients[parameters.Count];
    }

    /// <inheritdoc/>
    protected override void Prepare(int parameter, double learningRate, double gradientScale) =>
        _coefficients[parameter] = new RmsPropCoefficients(
            (float)gradientScale,
            (float)learningRate,
            (float)DecayOf(parameter),
            (float)_alpha,
            (float)(1 - _alpha),
            (float)_epsilon,
            _centered ? 1f : 0f,
            (float)_momentum);

    /// <inheritdoc/>
    protected override void Update(int parameter, Span<float> value, ReadOnlySpan<float> gradient, long start) =>
        RmsPropKernel.Run(
            value,
            gradient,
            Slot(0, parameter).SpanAt(start, value.Length),
            Slot(1, parameter).SpanAt(start, value.Length),
            Slot(2, parameter).SpanAt(start, value.Length),
            _coefficients[parameter]);
}
