namespace MoeSharp.Experts.Balancing;

/// <summary>Steers the coefficient of a loss so that a wanted share of router outputs is zero.</summary>
/// <remarks>
/// <para>Rule, once a step: λ is multiplied when the sparsity is below the target 1 − k/E, divided otherwise (equality divides). λ is float32
/// and part of a checkpoint.</para>
/// <para>Source: ReMoE, arXiv:2412.14711 (λ₀ = 1e-8, multiplier 1.2).</para>
/// </remarks>
public sealed class SparsityControl
{
    private readonly BalanceLoss _loss;

    /// <summary>Steers a loss.</summary>
    /// <param name="loss">Whose coefficient is λ.</param>
    /// <param name="topK">Experts a token should use.</param>
    /// <param name="expertCount">E.</param>
    /// <param name="initial">λ at the start.</param>
    /// <param name="multiplier">Factor of one step.</param>
    public SparsityControl(BalanceLoss loss, int topK, int expertCount, float initial = 1e-8f, float multiplier = 1.2f)
    {
        _loss = loss;
        loss.Coefficient = initial;
        Multiplier = multiplier;
        Target = 1 - ((float)topK / expertCount);
    }

    /// <summary>The wanted share of zeros.</summary>
    public float Target { get; }

    /// <summary>Factor of one step.</summary>
    public float Multiplier { get; }

    /// <summary>λ.</summary>
    public float Lambda
    {
        get => _loss.Coefficient;
        set => _loss.Coefficient = value;
    }

    /// <summary>Share of router outputs that are zero.</summary>
    /// <param name="decision">What the router decided.</param>
    public static float Sparsity(in Routing.RoutingDecision decision)
    {
        long zeros = 0;
        foreach (float score in decision.Scores!.Span)
        {
            zeros += score > 0 ? 0 : 1;
        }

        return (float)zeros / decision.Scores.Length;
    }

    /// <summary>Moves λ.</summary>
    /// <param name="sparsity">Mean share of zeros over layers and micro-batches of the step.</param>
    public void Update(float sparsity) => Lambda = sparsity < Target ? Lambda * Multiplier : Lambda / Multiplier;
}
