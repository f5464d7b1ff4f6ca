using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>A limit on the rows that an expert accepts from a group of tokens; choices beyond it are dropped.</summary>
/// <remarks>
/// <para>Choices take places in their expert's buffer one after another, in <see cref="Order"/> and by <see cref="Priority"/>; a place at or
/// past the capacity is dropped. Dropped choices use up places too, so a second choice never gets a place that a first choice could not have.
/// Priorities of single choices keep the best of each expert and number them in token order.</para>
/// <para>A token whose choices are all dropped passes by on the residual stream alone.</para>
/// </remarks>
public sealed class Capacity
{
    private readonly CapacityRule _rule;

    /// <summary>Limits experts by a rule.</summary>
    public Capacity(CapacityRule rule) => _rule = rule;

    /// <summary>Another rule in evaluation; null takes the same.</summary>
    public CapacityRule? EvaluationRule { get; init; }

    /// <summary>True to drop nothing in evaluation.</summary>
    public bool TrainingOnly { get; init; }

    /// <summary>In which order choices take places.</summary>
    public CapacityOrder Order { get; init; } = CapacityOrder.FirstChoicesFirst;

    /// <summary>Who comes first. A random order is one of training; evaluation then goes by position, so that it repeats.</summary>
    public CapacityPriority Priority { get; init; } = CapacityPriority.Position;

    /// <summary>Takes away the choices that do not fit.</summary>
    internal Indices Apply(in CapacityInput input, out Indices? positions, out int capacity)
    {
        capacity = int.MaxValue;
        positions = null;
        if (TrainingOnly && !input.Context.IsTraining)
        {
            return input.Kept;
        }

        TensorScope scope = input.Scores.Scope!;
        Indices served = scope.NewIndices(input.Kept.Length);
        positions = scope.NewIndices(input.Kept.Length);
        input.Kept.Span.CopyTo(served.Span);
        positions.Span.Fill(-1);
        int tokens = input.Scores.Rows, experts = input.Scores.Columns;
        CapacityRule rule = input.Context.IsTraining ? _rule : EvaluationRule ?? _rule;
        Tensor? random = null;
        CapacityPriority priority = Priority == CapacityPriority.Random && !input.Context.IsTraining ? CapacityPriority.Position : Priority;
        if (priority == CapacityPriority.Random)
        {
            random = scope.New(input.Scores.Shape);
            input.Context.RequireNoise("capacity").FillUniform(random.Span);
        }

        int[] places = new int[experts];
        for (int group = 0; group < input.Context.GroupCount; group++)
        {
            (int start, int end) = input.Context.Group(group, tokens);
            capacity = rule.Rows(new CapacityFacts(end - start, experts, input.ChoicesPerToken, LargestLoad(input, places, start, end)));
            if (priority is CapacityPriority.Position or CapacityPriority.TokenScore or CapacityPriority.TokenScoreSum)
            {
                int[] order = CapacityQueue.TokensByPriority(input, priority, start, end);
                CapacityQueue.TakePlaces(input, Order, order, capacity, places, served.Span, positions.Span);
            }
            else
            {
                Tensor keys = random ?? (priority == CapacityPriority.ChoiceScore ? input.Scores : input.Weights!);
                CapacityQueue.KeepBest(input, keys, start, end, capacity, places, served.Span, positions.Span);
            }
        }

        return served;
    }

    private static int LargestLoad(in CapacityInput input, int[] counts, int start, int end)
    {
        Array.Clear(counts);
        foreach (int id in input.Kept.Span[(start * input.TopK)..(end * input.TopK)])
        {
            if (id >= 0)
            {
                counts[id]++;
            }
        }

        return counts.Max();
    }
}
