using MoeSharp.Experts.Observation;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;

namespace MoeSharp.Inference;

/// <summary>Sees everything of a session: hidden states, routing, logits of every row.</summary>
public interface IInferenceObserver : IForwardObserver, IRoutingObserver
{
    /// <summary>Looks at the logits of a step; they live only as long as the step.</summary>
    /// <param name="logits">Rows <c>[T, V]</c>.</param>
    void ObserveLogits(Tensor logits);
}
