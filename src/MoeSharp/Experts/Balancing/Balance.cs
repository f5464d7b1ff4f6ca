using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Balancing;

/// <summary>The balance rule of a model: losses, each with its coefficient, measured in every layer and reduced once.</summary>
public sealed partial class Balance
{
    private readonly BalanceLoss[] _losses;

    /// <summary>Puts losses together.</summary>
    public Balance(params BalanceLoss[] losses) => _losses = losses;

    /// <summary>The losses.</summary>
    public IReadOnlyList<BalanceLoss> Losses => _losses;

    /// <summary>All losses of both.</summary>
    public static Balance operator +(Balance left, Balance right) => new([.. left._losses, .. right._losses]);

    /// <summary>The shares of one layer.</summary>
    /// <param name="decision">What its router decided.</param>
    /// <param name="context">The step.</param>
    public BalanceTerms Measure(in RoutingDecision decision, RoutingContext context)
    {
        var terms = new BalanceTerm[_losses.Length];
        for (int i = 0; i < terms.Length; i++)
        {
            terms[i] = _losses[i].Measure(decision, context);
        }

        return new BalanceTerms(terms);
    }

    /// <summary>The loss of the model.</summary>
    /// <param name="layers">Shares of all its expert layers, in order.</param>
    /// <exception cref="ArgumentException">There is no layer.</exception>
    public BalanceResult Reduce(IReadOnlyList<BalanceTerms> layers)
    {
        if (layers.Count == 0)
        {
            throw new ArgumentException("balance: there are no layers to reduce. Give the terms of at least one MoeLayer.", nameof(layers));
        }

        Tensor? total = null;
        var values = new float[_losses.Length];
        var balanced = new float[_losses.Length];
        for (int i = 0; i < _losses.Length; i++)
        {
            BalanceTerm[] terms = [.. layers.Select(layer => layer.Terms[i])];
            Tensor value = _losses[i].Reduce(terms);
            values[i] = value.ToScalar();
            int summed = _losses[i].Layers == LayerReduction.Sum ? layers.Count : 1;
            balanced[i] = _losses[i].BalancedValue(terms[0].ChoicesPerRow) * summed;
            Tensor scaled = ScaleOp.Apply(value, _losses[i].Coefficient);
            total = total is null ? scaled : AddOp.Apply(total, scaled);
        }

        return new BalanceResult(total, values, balanced);
    }
}
