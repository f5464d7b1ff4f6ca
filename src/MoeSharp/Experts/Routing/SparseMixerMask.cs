namespace MoeSharp.Experts.Routing;

/// <summary>What the two halves of the sparse mixer share: which logits are close enough to the largest to compete with it.</summary>
internal static class SparseMixerMask
{
    /// <summary>Softmax of one row over the competing experts.</summary>
    /// <remarks>Expert e competes when <c>(m − h_e)/max(|h_e|, m) ≤ 2·jitter</c>, m the largest logit that is not taken.</remarks>
    /// <param name="logits">Logits [E].</param>
    /// <param name="taken">Expert of the first choice; −1 for none.</param>
    /// <param name="jitter">Half the width of the competition.</param>
    /// <param name="masked">Logits, −∞ where an expert does not compete [E].</param>
    /// <returns>The best expert.</returns>
    public static int Apply(ReadOnlySpan<float> logits, int taken, float jitter, Span<float> masked)
    {
        int best = -1;
        for (int e = 0; e < logits.Length; e++)
        {
            if (e != taken && (best < 0 || logits[e] > logits[best]))
            {
                best = e;
            }
        }

        float max = logits[best];
        for (int e = 0; e < logits.Length; e++)
        {
            float distance = (max - logits[e]) / MathF.Max(MathF.Abs(logits[e]), max);
            masked[e] = e == taken || distance > 2 * jitter ? float.NegativeInfinity : logits[e];
        }

        return best;
    }
}
