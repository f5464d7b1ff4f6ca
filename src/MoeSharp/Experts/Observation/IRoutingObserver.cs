using MoeSharp.Experts.Routing;

namespace MoeSharp.Experts.Observation;

/// <summary>Sees every routing decision, after interventions and before the experts run.</summary>
public interface IRoutingObserver
{
    /// <summary>Looks at a decision; its tensors live only as long as the step.</summary>
    /// <param name="layer">Number of the layer in its model.</param>
    /// <param name="decision">Who goes where.</param>
    void Observe(int layer, in RoutingDecision decision);
}
