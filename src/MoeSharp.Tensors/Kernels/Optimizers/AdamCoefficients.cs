namespace MoeSharp.Tensors.Kernels.Optimizers;

/// <summary>The numbers of one Adam step, the same for every element of a tensor.</summary>
/// <param name="GradientScale">What the gradient is multiplied by first: the clipping factor, 1 over accumulated batches.</param>
/// <param name="CoupledDecay">λ of the decay that is added to the gradient (Adam with L2); 0 for none.</param>
/// <param name="Shrink">η·λ of the decoupled decay (AdamW); 0 for none. Kept apart from 1: rounding 1 − η·λ would scale all weights alike, step by step.</param>
/// <param name="Beta1">β₁, memory of the mean.</param>
/// <param name="OneMinusBeta1">1 − β₁, rounded from double.</param>
/// <param name="Beta2">β₂, memory of the mean square.</param>
/// <param name="OneMinusBeta2">1 − β₂, rounded from double.</param>
/// <param name="StepSize">η / (1 − β₁ᵗ).</param>
/// <param name="RootScale">1 / √(1 − β₂ᵗ).</param>
/// <param name="Epsilon">ε, added after the bias-corrected root.</param>
internal readonly record struct AdamCoefficients(
    float GradientScale,
    float CoupledDecay,
    float Shrink,
    float Beta1,
    float OneMinusBeta1,
    float Beta2,
    float OneMinusBeta2,
    float StepSize,
    float RootScale,
    float Epsilon)
{
    /// <summary>From the hyper-parameters of a step.</summary>
    /// <param name="step">t, counted from 1.</param>
    /// <param name="learningRate">η.</param>
    /// <param name="beta1">β₁.</param>
    /// <param name="beta2">β₂.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="decay">λ; 0 for none.</param>
    /// <param name="decoupled">True for AdamW.</param>
    /// <param name="gradientScale">Factor of the gradient.</param>
    public static AdamCoefficients At(
        long step,
        double learningRate,
        double beta1,
        double beta2,
        double epsilon,
        double decay,
        bool decoupled,
        double gradientScale) => new(
            (float)gradientScale,
            decoupled ? 0f : (float)decay,
            decoupled ? (float)(learningRate * decay) : 0f,
            (float)beta1,
            (float)(1 - beta1),
            (float)beta2,
            (float)(1 - beta2),
            (float)(learningRate / (1 - Math.Pow(beta1, step))),
            (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, step))),
            (float)epsilon);
}
