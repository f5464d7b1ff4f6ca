using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>The bookkeeping of <see cref="Capacity"/>: who stands where in the queues of the experts.</summary>
internal static class CapacityQueue
{
    /// <summary>Tokens of a group in the order in which they are served; equal priorities keep token order, padding comes last.</summary>
    public static int[] TokensByPriority(in CapacityInput input, CapacityPriority priority, int start, int end)
    {
        int[] order = [.. Enumerable.Range(start, end - start)];
        if (priority == CapacityPriority.Position)
        {
            return order;
        }

        float[] keys = new float[order.Length];
        for (int t = start; t < end; t++)
        {
            ReadOnlySpan<float> row = input.Scores.Row(t);
            keys[t - start] = input.Context.IsPadding(t) ? float.NegativeInfinity
                : priority == CapacityPriority.TokenScore ? Largest(row) : Sum(row, input.Ids.Span.Slice(t * input.TopK, input.TopK));
        }

        return [.. order.OrderByDescending(t => keys[t - start])]; // a stable sort
    }

    /// <summary>Gives places by turn; a place at or past the capacity is dropped.</summary>
    public static void TakePlaces(
        in CapacityInput input, CapacityOrder order, int[] tokens, int capacity, int[] places, Span<int> served, Span<int> positions)
    {
        Array.Clear(places);
        int topK = input.TopK, count = tokens.Length * topK;
        for (int turn = 0; turn < count; turn++)
        {
            (int token, int k) = order == CapacityOrder.FirstChoicesFirst
                ? (tokens[turn % tokens.Length], turn / tokens.Length)
                : (tokens[turn / topK], turn % topK);
            int choice = (token * topK) + k;
            int expert = input.Kept[choice];
            if (expert < 0)
            {
                continue;
            }

            positions[choice] = places[expert]++;
            if (positions[choice] >= capacity)
            {
                served[choice] = -1;
            }
        }
    }

    /// <summary>Keeps the best choices of every expert and numbers them in token order.</summary>
    /// <param name="input">The choices.</param>
    /// <param name="priority">Per expert <c>[T, E]</c> or per choice <c>[T, K]</c>; larger comes first, equal ones in token order.</param>
    /// <param name="start">First token of the group.</param>
    /// <param name="end">The token after its last.</param>
    /// <param name="capacity">Rows an expert accepts.</param>
    /// <param name="places">Scratch [E].</param>
    /// <param name="served">Ids, −1 written where dropped.</param>
    /// <param name="positions">Places, −1 where dropped.</param>
    public static void KeepBest(
        in CapacityInput input, Tensor priority, int start, int end, int capacity, int[] places, Span<int> served, Span<int> positions)
    {
        int topK = input.TopK;
        bool perExpert = priority.Columns == input.Scores.Columns && !ReferenceEquals(priority, input.Weights);
        var choices = new List<(int Expert, float Key, int Choice)>((end - start) * topK);
        for (int choice = start * topK; choice < end * topK; choice++)
        {
            if (input.Kept[choice] is int expert && expert >= 0)
            {
                choices.Add((expert, priority.Row(choice / topK)[perExpert ? expert : choice % topK], choice));
            }
        }

        choices.Sort((a, b) => a.Expert != b.Expert ? a.Expert.CompareTo(b.Expert)
            : a.Key != b.Key ? b.Key.CompareTo(a.Key) : a.Choice.CompareTo(b.Choice));
        Array.Clear(places);
        foreach ((int expert, _, int choice) in choices)
        {
            if (places[expert]++ >= capacity)
            {
                served[choice] = -1;
            }
        }

        Array.Clear(places);
        for (int choice = start * topK; choice < end * topK; choice++)
        {
            if (served[choice] >= 0)
            {
                positions[choice] = places[served[choice]]++;
            }
        }
    }

    private static float Largest(ReadOnlySpan<float> row)
    {
        float largest = float.NegativeInfinity;
        foreach (float value in row)
        {
            largest = MathF.Max(largest, value);
        }

        return largest;
    }

    private static float Sum(ReadOnlySpan<float> row, ReadOnlySpan<int> ids)
    {
        float sum = 0;
        foreach (int id in ids)
        {
            sum += id < 0 ? 0 : row[id];
        }

        return sum;
    }
}
