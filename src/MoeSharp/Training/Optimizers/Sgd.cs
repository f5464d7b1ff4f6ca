using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Kernels.Optimizers;

namespace MoeSharp.Training.Optimizers;

/// <summary>Gradient descent, with momentum where asked for, plain or Nesterov's.</summary>
/// <remarks>Formula and source: <c>MomentumKernel</c>; tested against torch.optim.SGD. The decay is added to the gradient.</remarks>
public sealed class Sgd : Optimizer
{
    private readonly double _momentum;
    private readonly double _dampening;
    private readonly bool _nesterov;
    private readonly MomentumCoefficients[] _coefficients;

    /// <summary>Takes the parameters and makes the velocities.</summary>
    /// <param name="parameters">What to train.</param>
    /// <param name="momentum">μ, from 0 (none) up to but not 1.</param>
    /// <param name="nesterov">True to look ahead along the velocity; needs momentum and no dampening.</param>
    /// <param name="dampening">d, share of the gradient kept out of the velocity.</param>
    /// <param name="decay">λ, and which parameters it applies to; null for none.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    /// <exception cref="ArgumentException">Nesterov without momentum, or with dampening.</exception>
    public Sgd(
        IReadOnlyList<Parameter> parameters,
        double momentum = 0,
        bool nesterov = false,
        double dampening = 0,
        WeightDecay? decay = null,
        Workers? workers = null)
        : base(parameters, decay ?? WeightDecay.None, ["velocity"], workers)
    {
        if (nesterov && (momentum <= 0 || dampening != 0))
        {
            throw new ArgumentException(
                $"sgd: Nesterov with momentum {momentum} and dampening {dampening}. It needs momentum above 0 and dampening 0.",
                nameof(nesterov));
        }

        _momentum = momentum;
        _nesterov = nesterov;
        _dampening = dampening;
        _coefficients = new MomentumCoefficients[parameters.Count];
    }

    /// <inheritdoc/>
    protected override void Prepare(int parameter, double learningRate, double gradientScale)
    {
        // The velocity starts as the first gradient, undamped; without momentum it is the gradient, always.
        bool first = StepCount(parameter) == 1 || _momentum == 0;
        _coefficients[parameter] = new MomentumCoefficients(
            (float)gradientScale,
            (float)learningRate,
            (float)DecayOf(parameter),
            first ? 0f : (float)_momentum,
            first ? 1f : (float)(1 - _dampening),
            _nesterov ? (float)_momentum : 1f,
            _nesterov ? 1f : 0f);
    }

    /// <inheritdoc/>
    protected override void Update(int parameter, Span<float> value, ReadOnlySpan<float> gradient, long start) =>
        MomentumKernel.Run(
            value, gradient, Slot(0, parameter).SpanAt(start, value.Length), _coefficients[parameter]);
}
