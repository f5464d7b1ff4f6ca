using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Kernels.Optimizers;

namespace MoeSharp.Training.Optimizers;

/// <summary>Adagrad: each element's step shrinks with the sum of its squared gradients.</summary>
/// <remarks>Formula and source: <c>AdagradKernel</c>; tested against torch.optim.Adagrad. The decay is added to the gradient.</remarks>
public sealed class Adagrad : Optimizer
{
    private readonly double _epsilon;
    private readonly double _learningRateDecay;
    private readonly float[] _rates;
    private float _gradientScale;

    /// <summary>Takes the parameters and makes the sums.</summary>
    /// <param name="parameters">What to train.</param>
    /// <param name="epsilon">ε, added to the root.</param>
    /// <param name="learningRateDecay">η shrinks as <c>1 / (1 + (t−1)·this)</c>.</param>
    /// <param name="initialSum">What the sums start from.</param>
    /// <param name="decay">λ, and which parameters it applies to; null for none.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    public Adagrad(
        IReadOnlyList<Parameter> parameters,
        double epsilon = 1e-10,
        double learningRateDecay = 0,
        double initialSum = 0,
        WeightDecay? decay = null,
        Workers? workers = null)
        : base(parameters, decay ?? WeightDecay.None, ["sum"], workers)
    {
        _epsilon = epsilon;
        _learningRateDecay = learningRateDecay;
        _rates = new float[parameters.Count];
        for (int i = 0; i < parameters.Count; i++)
        {
            Slot(0, i).Fill((float)initialSum);
        }
    }

    /// <inheritdoc/>
    protected override void Prepare(int parameter, double learningRate, double gradientScale)
    {
        _gradientScale = (float)gradientScale;
        _rates[parameter] = (float)(learningRate / (1 + ((StepCount(parameter) - 1) * _learningRateDecay)));
    }

    /// <inheritdoc/>
    protected override void Update(int parameter, Span<float> value, ReadOnlySpan<float> gradient, long start) =>
        AdagradKernel.Run(
            value,
            gradient,
            Slot(0, parameter).SpanAt(start, value.Length),
            _gradientScale,
            _rates[parameter],
            (float)DecayOf(parameter),
            (float)_epsilon);
}
