namespace MoeSharp.Experts.Routing;

/// <summary>Scales <c>exp(h)</c> so that all tokens have one sum and all experts have one sum: a balanced soft assignment.</summary>
/// <remarks>
/// <para>Formula: <c>d₀ = 1/(T·(M·d₁ + ε))</c>, <c>d₁ = 1/(E·(Mᵀ·d₀ + ε))</c>, <c>M = exp(h)</c>, until the mean change of d₁ is at most the
/// tolerance; the plan is <c>diag(d₀)·M·diag(d₁)</c>, of total mass 1. Computed in double; no gradient.</para>
/// <para>Source: Clark et al. 2022, arXiv:2202.01169; ε = 1e-8 and no subtraction of the maximum as in Megatron-Core.</para>
/// </remarks>
public static class Sinkhorn
{
    private const double Epsilon = 1e-8;

    /// <summary>The plan <c>[T, E]</c>.</summary>
    /// <param name="logits">Logits <c>[T, E]</c>.</param>
    /// <param name="experts">E.</param>
    /// <param name="tolerance">Mean change of the column factors to stop at.</param>
    /// <param name="iterations">Most iterations.</param>
    public static double[] Plan(ReadOnlySpan<float> logits, int experts, double tolerance = 1e-4, int iterations = 10_000)
    {
        int tokens = logits.Length / experts;
        var plan = new double[logits.Length];
        for (int i = 0; i < plan.Length; i++)
        {
            plan[i] = Math.Exp(logits[i]);
        }

        var rows = new double[tokens];
        var columns = new double[experts];
        Array.Fill(columns, 1);
        for (int iteration = 0; iteration < iterations; iteration++)
        {
            for (int t = 0; t < tokens; t++)
            {
                double sum = 0;
                for (int e = 0; e < experts; e++)
                {
                    sum += plan[(t * experts) + e] * columns[e];
                }

                rows[t] = 1 / (tokens * (sum + Epsilon));
            }

            double change = 0;
            for (int e = 0; e < experts; e++)
            {
                double sum = 0;
                for (int t = 0; t < tokens; t++)
                {
                    sum += plan[(t * experts) + e] * rows[t];
                }

                double next = 1 / (experts * (sum + Epsilon));
                change += Math.Abs(next - columns[e]);
                columns[e] = next;
            }

            if (change / experts <= tolerance)
            {
                break;
            }
        }

        for (int i = 0; i < plan.Length; i++)
        {
            plan[i] *= rows[i / experts] * columns[i % experts];
        }

        return plan;
    }
}
