namespace MoeSharp.Tensors.Kernels.Optimizers;

/// <summary>The numbers of one momentum step, the same for every element of a tensor.</summary>
/// <param name="GradientScale">What the gradient is multiplied by first.</param>
/// <param name="LearningRate">η.</param>
/// <param name="Decay">λ, added to the gradient times the value.</param>
/// <param name="Memory">μ; 0 in the first step.</param>
/// <param name="Share">1 − dampening; 1 in the first step.</param>
/// <param name="VelocityShare">Factor of the velocity in the step: 1, or μ with Nesterov.</param>
/// <param name="GradientShare">Factor of the gradient in the step: 0, or 1 with Nesterov.</param>
internal readonly record struct MomentumCoefficients(
    float GradientScale,
    float LearningRate,
    float Decay,
    float Memory,
    float Share,
    float VelocityShare,
    float GradientShare);
