using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Kernels.Optimizers;

namespace MoeSharp.Training.Optimizers;

/// <summary>AdamW, and by its options Adam with L2 and AMSGrad.</summary>
/// <remarks>
/// <para>Formula: <c>p = p·(1 − η·λ) − η/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)</c>, m and v running means of g and g².</para>
/// <para>Source: Loshchilov and Hutter 2019, arXiv:1711.05101; Kingma and Ba 2015, arXiv:1412.6980; Reddi et al. 2018,
/// arXiv:1904.09237. Tested against torch.optim.AdamW and Adam.</para>
/// </remarks>
public sealed class AdamW : Optimizer
{
    private readonly AdamCoefficients[] _coefficients;

    /// <summary>Takes the parameters and makes the moments.</summary>
    /// <param name="parameters">What to train.</param>
    /// <param name="decay">λ, and which parameters it applies to; null for none.</param>
    /// <param name="options">Constants; null for the defaults.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    public AdamW(
        IReadOnlyList<Parameter> parameters,
        WeightDecay? decay = null,
        AdamOptions? options = null,
        Workers? workers = null)
        : base(
            parameters,
            decay ?? WeightDecay.None,
            options is { AmsGrad: true } ? ["mean", "square", "largest"] : ["mean", "square"],
            workers)
    {
        Options = options ?? new AdamOptions();
        _coefficients = new AdamCoefficients[parameters.Count];
    }

    /// <summary>The constants.</summary>
    public AdamOptions Options { get; }

    /// <inheritdoc/>
    protected override void Prepare(int parameter, double learningRate, double gradientScale) =>
        _coefficients[parameter] = AdamCoefficients.At(
            StepCount(parameter),
            learningRate,
            Options.Beta1,
            Options.Beta2,
            Options.Epsilon,
            DecayOf(parameter),
            Options.DecoupledDecay,
            gradientScale);

    /// <inheritdoc/>
    protected override void Update(int parameter, Span<float> value, ReadOnlySpan<float> gradient, long start)
    {
        Span<float> mean = Slot(0, parameter).SpanAt(start, value.Length);
        Span<float> square = Slot(1, parameter).SpanAt(start, value.Length);
        if (Options.AmsGrad)
        {
            Span<float> largest = Slot(2, parameter).SpanAt(start, value.Length);
            AmsGradKernel.Run(value, gradient, mean, square, largest, _coefficients[parameter]);
        }
        else
        {
            AdamKernel.Run(value, gradient, mean, square, _coefficients[parameter]);
        }
    }
}
