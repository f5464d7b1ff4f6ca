using MoeSharp.Experts.Observation;
using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Fewer experts a token than the router chooses: fewer bytes are read, at some cost in quality. A choice of the request, not of
/// the model.</summary>
/// <remarks>
/// <para>Of a token's choices the <see cref="TopK"/> with the highest choice scores stay (equal: the earlier), as in a model that was
/// configured with that K, bit for bit. Of these, all go whose weight is below <see cref="MinWeight"/> × the largest weight among them;
/// the first choice always stays. Every token is judged alone, so the promise of equal bits holds.</para>
/// <para>The weights of what stays are made as the router makes them: where it normalises over the chosen (Mixtral, Qwen3, DeepSeek-V3,
/// gpt-oss) they are normalised again and sum to what they did; where it does not (OLMoE, Qwen2, DeepSeek-V2) each keeps its weight.
/// Shared experts are not touched.</para>
/// <para>An intervention like any other, so observers see what it left. Immutable, and safe for concurrent use.</para>
/// </remarks>
public sealed record ExpertReduction : IRoutingIntervention
{
    /// <summary>All experts that the router chooses.</summary>
    public static ExpertReduction None { get; } = new();

    /// <summary>The most experts a token visits.</summary>
    /// <value>0 (by default) for as many as the router chooses; otherwise 1 to that.</value>
    public int TopK { get; init; }

    /// <summary>Experts whose weight is below this share of the token's largest weight are left out.</summary>
    /// <value>0 (by default) for none; at most 1, which leaves the best alone.</value>
    public float MinWeight { get; init; }

    /// <summary>True where nothing is left out.</summary>
    public bool IsNone => TopK == 0 && MinWeight == 0;

    /// <inheritdoc/>
    bool IRoutingIntervention.IsThinning => true;

    /// <summary>Throws when a value is out of range.</summary>
    /// <returns>This reduction.</returns>
    /// <exception cref="ConfigException">With all faults.</exception>
    public ExpertReduction Validate()
    {
        var faults = new List<string>();
        CollectFaults(faults);
        ConfigException.ThrowIfAny(nameof(ExpertReduction), faults);
        return this;
    }

    /// <summary>Throws when a model's routers do not choose as many experts.</summary>
    /// <param name="chosen">The most experts that a router of the model chooses for a token; 0 for a dense model.</param>
    /// <exception cref="ArgumentException">The model is dense, or chooses fewer than <see cref="TopK"/>.</exception>
    public void ThrowUnlessFits(int chosen)
    {
        if (!IsNone && chosen == 0)
        {
            throw new ArgumentException(
                "fewer experts: the model has no experts, so none can be left out. Use it without a limit of experts and without a least weight.");
        }

        if (TopK > chosen)
        {
            throw new ArgumentException(
                $"fewer experts: {TopK} a token are asked for, and the model's routers choose {chosen}. Use 1 to {chosen}.");
        }
    }

    /// <inheritdoc/>
    void IRoutingIntervention.Thin(int layer, in RoutingChoice choice)
    {
        Span<int> ids = choice.Ids.Span;
        int width = choice.Weights.Columns;
        for (int t = 0; t < choice.Weights.Rows; t++)
        {
            Row(choice.ChoiceScores.Row(t), choice.Weights.Row(t), ids.Slice(t * width, width));
        }
    }

    /// <summary>Adds what is out of range, one sentence each.</summary>
    internal void CollectFaults(List<string> faults, string prefix = "")
    {
        if (TopK < 0)
        {
            faults.Add($"{prefix}TopK must be at least 1, got {TopK}. Use 0 for as many experts as the router chooses.");
        }

        if (!(MinWeight is >= 0 and <= 1))
        {
            faults.Add($"{prefix}MinWeight must be between 0 and 1, got {MinWeight}. It is a share of the largest weight; use 0 for no limit.");
        }
    }

    /// <summary>One token. A choice stays when fewer than TopK others stand before it, and its weight is large enough.</summary>
    private void Row(ReadOnlySpan<float> scores, ReadOnlySpan<float> weights, Span<int> ids)
    {
        // Ranks first, in a copy: what was taken away would not be counted any more.
        Span<bool> stays = ids.Length <= 256 ? stackalloc bool[ids.Length] : new bool[ids.Length];
        int first = -1;
        float largest = 0;
        for (int k = 0; k < ids.Length; k++)
        {
            int rank = ids[k] < 0 ? int.MaxValue : Rank(scores, ids, k);
            stays[k] = rank < (TopK == 0 ? int.MaxValue : TopK);
            first = rank == 0 ? k : first;
            largest = stays[k] ? MathF.Max(largest, weights[k]) : largest;
        }

        for (int k = 0; k < ids.Length; k++)
        {
            if (!stays[k] || (k != first && weights[k] < MinWeight * largest))
            {
                ids[k] = -1;
            }
        }
    }

    private static int Rank(ReadOnlySpan<float> scores, ReadOnlySpan<int> ids, int k)
    {
        int rank = 0;
        for (int other = 0; other < ids.Length; other++)
        {
            if (ids[other] >= 0 && (scores[ids[other]] > scores[ids[k]] || (scores[ids[other]] == scores[ids[k]] && other < k)))
            {
                rank++;
            }
        }

        return rank;
    }
}
