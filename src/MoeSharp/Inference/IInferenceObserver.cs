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

    /// <summary>Hears that the last tokens were read on trial and are not part of the text: guesses that the model did not confirm
    /// (<see cref="GenerationOptions.LookupTokens"/>). Does nothing unless it is overridden.</summary>
    /// <param name="count">How many.</param>
    void ObserveTakingBack(int count)
    {
    }
}
