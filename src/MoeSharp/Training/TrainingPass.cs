using MoeSharp.Experts.Observation;
using MoeSharp.Tensors;

namespace MoeSharp.Training;

/// <summary>How a forward pass is meant: for learning or for measuring, with which random numbers, and who watches the routing.</summary>
/// <param name="IsTraining">True turns on what holds in training only: dropout, jitter, noise.</param>
/// <param name="Noise">Random numbers of this pass; the same at every run of the same step.</param>
/// <param name="Observer">Sees every routing decision; null for nobody.</param>
public sealed record TrainingPass(bool IsTraining, Rng Noise, IRoutingObserver? Observer);
