using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Who goes where, and with what weight: the one value that passes from the router to dispatch, observers and the balance rule.</summary>
/// <remarks>
/// <para>Its tensors live in the scope of the step. <see cref="Ids"/> is the choice, <see cref="ServedIds"/> what is left of it after
/// random retention and capacity: −1 in both means "none". Without drops they are one object.</para>
/// </remarks>
public readonly struct RoutingDecision
{
    /// <summary>Clean router logits <c>[T, E]</c>, before noise; null for routers without logits (hash, random).</summary>
    public Tensor? Logits { get; init; }

    /// <summary>The logits that scores were made of <c>[T, E]</c>; the same as <see cref="Logits"/> without noise.</summary>
    public Tensor? NoisyLogits { get; init; }

    /// <summary>Standard deviation of the noise <c>[T, E]</c>, where it depends on the token.</summary>
    public Tensor? NoiseScale { get; init; }

    /// <summary>Scores <c>[T, E]</c>; null for routers without logits.</summary>
    public Tensor? Scores { get; init; }

    /// <summary>True when the scores of every token sum to one.</summary>
    public bool ScoresSumToOne { get; init; }

    /// <summary>Chosen experts <c>[T·K]</c>.</summary>
    public required Indices Ids { get; init; }

    /// <summary>Experts that serve <c>[T·K]</c>: −1 where a choice was not kept.</summary>
    public required Indices ServedIds { get; init; }

    /// <summary>Weights <c>[T, K]</c>; 0 where a choice was not kept.</summary>
    public required Tensor Weights { get; init; }

    /// <summary>Place of each choice in its expert's buffer <c>[T·K]</c>, places past the capacity included; null when dropless.</summary>
    public Indices? Positions { get; init; }

    /// <summary>Rows an expert accepts of a group (of the last one, where groups differ); <see cref="int.MaxValue"/> when dropless.</summary>
    public int Capacity { get; init; }

    /// <summary>E.</summary>
    public required int ExpertCount { get; init; }

    /// <summary>T.</summary>
    public int TokenCount => Weights.Rows;

    /// <summary>K: columns of ids and weights.</summary>
    public int TopK => Weights.Columns;

    /// <summary>Choices that no expert serves.</summary>
    public int CountDropped()
    {
        int dropped = 0;
        ReadOnlySpan<int> chosen = Ids.Span, served = ServedIds.Span;
        for (int i = 0; i < chosen.Length; i++)
        {
            dropped += chosen[i] >= 0 && served[i] < 0 ? 1 : 0;
        }

        return dropped;
    }

    /// <summary>Adds to <paramref name="counts"/> [E] how many choices each expert got before drops.</summary>
    public void CountChosen(Span<int> counts) => Count(Ids.Span, counts);

    /// <summary>Adds to <paramref name="counts"/> [E] how many rows each expert serves.</summary>
    public void CountServed(Span<int> counts) => Count(ServedIds.Span, counts);

    private static void Count(ReadOnlySpan<int> ids, Span<int> counts)
    {
        foreach (int id in ids)
        {
            if (id >= 0)
            {
                counts[id]++;
            }
        }
    }
}
