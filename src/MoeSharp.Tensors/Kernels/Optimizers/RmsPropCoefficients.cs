namespace MoeSharp.Tensors.Kernels.Optimizers;

/// <summary>The numbers of one RMSprop step, the same for every element of a tensor.</summary>
/// <param name="GradientScale">What the gradient is multiplied by first.</param>
/// <param name="LearningRate">η.</param>
/// <param name="Decay">λ, added to the gradient times the value.</param>
/// <param name="Alpha">α, memory of the mean square.</param>
/// <param name="OneMinusAlpha">1 − α, rounded from double.</param>
/// <param name="Epsilon">ε, added to the root.</param>
/// <param name="Centered">1 to take the squared mean off the mean square, 0 not to.</param>
/// <param name="Momentum">μ of the step; 0 for none.</param>
internal readonly record struct RmsPropCoefficients(
    float GradientScale,
    float LearningRate,
    float Decay,
    float Alpha,
    float OneMinusAlpha,
    float Epsilon,
    float Centered,
    float Momentum);
