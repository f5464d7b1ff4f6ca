using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Balancing;

/// <summary>One loss on the decisions of routers: measured in every layer, reduced once for the model.</summary>
/// <remarks>Gradients flow through scores and logits only; counts are constants.</remarks>
public abstract class BalanceLoss
{
    /// <summary>Its name in logs.</summary>
    public abstract string Name { get; }

    /// <summary>Factor in the total.</summary>
    public float Coefficient { get; set; } = 1;

    /// <summary>How values of several layers become one.</summary>
    public LayerReduction Layers { get; init; } = LayerReduction.Mean;

    /// <summary>The value of one layer in this convention when the load is uniform; times the layers where they are summed, it is what a
    /// printed value is divided by. 0 where balance is 0.</summary>
    /// <param name="topK">K.</param>
    public virtual float BalancedValue(float topK) => 0;

    /// <summary>The share of one layer.</summary>
    /// <param name="decision">What its router decided.</param>
    /// <param name="context">The step.</param>
    public abstract BalanceTerm Measure(in RoutingDecision decision, RoutingContext context);

    /// <summary>The value for the model, a scalar, without <see cref="Coefficient"/>.</summary>
    /// <param name="layers">Terms of all layers, in order; at least one.</param>
    public virtual Tensor Reduce(IReadOnlyList<BalanceTerm> layers)
    {
        Tensor sum = layers[0].Value!;
        for (int i = 1; i < layers.Count; i++)
        {
            sum = AddOp.Apply(sum, layers[i].Value!);
        }

        return Layers == LayerReduction.Sum || layers.Count == 1 ? sum : ScaleOp.Apply(sum, 1f / layers.Count);
    }
}
