using MoeSharp.Experts.Dispatch;
using MoeSharp.Experts.Observation;
using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>What a router may know about the step besides the tokens themselves, and who is watching.</summary>
/// <remarks>Made by the model once a step, shared by its layers. Nothing here is changed by a layer.</remarks>
public sealed class RoutingContext
{
    /// <summary>Evaluation of one group without padding, nobody watching; balance terms are measured.</summary>
    public static RoutingContext Default { get; } = new();

    /// <summary>True turns on noise, jitter, random choices and the rules that hold in training only.</summary>
    public bool IsTraining { get; init; }

    /// <summary>False skips the terms of the balance rule, as in decode.</summary>
    public bool MeasuresBalance { get; init; } = true;

    /// <summary>Source of noise; needed when <see cref="IsTraining"/> and a part of the router is random.</summary>
    public INoise? Noise { get; init; }

    /// <summary>Starts of the groups [G + 1] in the rows, from 0 to T: sequences, or blocks with their own capacity. Null is one group.</summary>
    public Indices? GroupStarts { get; init; }

    /// <summary>Nonzero for rows that are padding [T]; null when there is none.</summary>
    public Indices? Padding { get; init; }

    /// <summary>Token ids [T], for routers that look them up.</summary>
    public Indices? TokenIds { get; init; }

    /// <summary>Domain of every row [T], for routers with one group of experts a domain.</summary>
    public Indices? DomainIds { get; init; }

    /// <summary>True where a token must not be influenced by later ones: routers that look at the batch are refused.</summary>
    public bool IsCausal { get; init; }

    /// <summary>Brings rows to experts and results back.</summary>
    public ITokenDispatcher Dispatcher { get; init; } = LocalTokenDispatcher.Instance;

    /// <summary>Sees every decision.</summary>
    public IRoutingObserver? Observer { get; init; }

    /// <summary>May change a decision before dispatch.</summary>
    public IRoutingIntervention? Intervention { get; init; }

    /// <summary>Count of groups.</summary>
    public int GroupCount => GroupStarts is null ? 1 : GroupStarts.Length - 1;

    /// <summary>True when row <paramref name="row"/> is padding.</summary>
    public bool IsPadding(int row) => Padding is not null && Padding[row] != 0;

    /// <summary>First row of group <paramref name="group"/> and the row after its last.</summary>
    /// <param name="group">0 to <see cref="GroupCount"/> − 1.</param>
    /// <param name="tokens">T.</param>
    public (int Start, int End) Group(int group, int tokens) =>
        GroupStarts is null ? (0, tokens) : (GroupStarts[group], GroupStarts[group + 1]);

    /// <summary>The source of noise.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    internal INoise RequireNoise(string where) => Noise ?? throw new InvalidOperationException(
        $"{where}: this router is random in training and the context has no source of noise. Set RoutingContext.Noise.");
}
