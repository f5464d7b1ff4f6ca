using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Experts.Observation;

/// <summary>Changes a routing decision while it is made: masks, knock-outs, a smaller top-k, replay.</summary>
/// <remarks>Each method does nothing unless it is overridden. Experts are chosen again only by what is written here; weights follow from the
/// scores of the chosen experts as always, so gradients stay right.</remarks>
public interface IRoutingIntervention
{
    /// <summary>May rewrite the scores that experts are chosen by; −∞ forbids an expert. Weights are not touched.</summary>
    /// <param name="layer">Number of the layer in its model.</param>
    /// <param name="choiceScores">A copy <c>[T, E]</c>, expert bias included.</param>
    void BeforeChoice(int layer, Tensor choiceScores)
    {
    }

    /// <summary>May rewrite the chosen ids; −1 takes a choice away.</summary>
    /// <param name="layer">Number of the layer in its model.</param>
    /// <param name="ids">Expert ids <c>[T·K]</c>.</param>
    void AfterChoice(int layer, Indices ids)
    {
    }

    /// <summary>True to be asked by <see cref="Thin"/>, for which weights are made a first time.</summary>
    bool IsThinning => false;

    /// <summary>May take choices away in the light of their weights: −1 in the ids. Weights are then made of what is left, as the router
    /// makes them: where it normalises, they are normalised again.</summary>
    /// <param name="layer">Number of the layer in its model.</param>
    /// <param name="choice">The choice; only its ids may be written.</param>
    void Thin(int layer, in RoutingChoice choice)
    {
    }

    /// <summary>May rewrite the weights, as a replay of a recorded decision does.</summary>
    /// <param name="layer">Number of the layer in its model.</param>
    /// <param name="ids">Expert ids <c>[T·K]</c> after drops.</param>
    /// <param name="weights">Their weights <c>[T, K]</c>.</param>
    void AfterWeights(int layer, Indices ids, Tensor weights)
    {
    }
}
