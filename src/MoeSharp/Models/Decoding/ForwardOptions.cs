using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding;

/// <summary>How one forward pass is run, and who watches. Make it once and use it again: it is only read.</summary>
public sealed class ForwardOptions
{
    /// <summary>Evaluation: no noise, no balance terms, nobody watching.</summary>
    public static ForwardOptions Evaluation { get; } =
        new() { Routing = new RoutingContext { IsCausal = true, MeasuresBalance = false } };

    /// <summary>Evaluation with balance terms measured, all rows as one group.</summary>
    public static ForwardOptions Measured { get; } = new() { Routing = new RoutingContext { IsCausal = true } };

    /// <summary>What routers are told: training or not, noise, groups, padding, observers and interventions of routing.</summary>
    public RoutingContext Routing { get; init; } = new() { IsCausal = true };

    /// <summary>Sees the hidden states.</summary>
    public IForwardObserver? Observer { get; init; }

    /// <summary>The rows whose logits are wanted, rising; null for all.</summary>
    public Indices? LogitRows { get; init; }

    /// <summary>True to stop after the final norm: no logits at all.</summary>
    public bool SkipsLogits { get; init; }
}
