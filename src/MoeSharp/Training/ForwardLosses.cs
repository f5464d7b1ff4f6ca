using MoeSharp.Tensors;

namespace MoeSharp.Training;

/// <summary>What one forward pass gives to train on.</summary>
/// <param name="CrossEntropy">Mean over the counted targets, in nats: a single number that the tape can go back from.</param>
/// <param name="Auxiliary">Balance and router losses with their coefficients, summed; null where there are none.</param>
/// <param name="BalanceValue">The load-balancing value as printed: 1 when balanced; NaN where there is none.</param>
public readonly record struct ForwardLosses(Tensor CrossEntropy, Tensor? Auxiliary, float BalanceValue = float.NaN);
