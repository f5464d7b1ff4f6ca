namespace MoeSharp.Training.Optimizers;

/// <summary>How strongly weights are pulled to zero, and which of them.</summary>
/// <param name="Coefficient"><value>λ, at least 0; 0 for none.</value></param>
/// <param name="Rule">Which parameters decay.</param>
public sealed record WeightDecay(double Coefficient, DecayRule Rule)
{
    /// <summary>No decay.</summary>
    public static WeightDecay None { get; } = new(0, DecayRule.None);

    /// <summary>λ.</summary>
    public double Coefficient { get; } = Coefficient >= 0 && double.IsFinite(Coefficient)
        ? Coefficient
        : throw new ArgumentOutOfRangeException(
            nameof(Coefficient), $"weight decay: {Coefficient} is not allowed. It must be at least 0.");

    /// <summary>λ on matrices that are neither norms, biases nor routers: the default rule.</summary>
    /// <param name="coefficient">λ.</param>
    public static WeightDecay Standard(double coefficient) => new(coefficient, DecayRule.Standard);
}
