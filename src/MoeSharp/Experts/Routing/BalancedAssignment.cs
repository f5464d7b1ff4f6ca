namespace MoeSharp.Experts.Routing;

/// <summary>The assignment of tokens to experts with the largest sum of scores in which no expert gets more than its share ⌈T/E⌉.</summary>
/// <remarks>
/// <para>Exact: tokens come one by one; each takes the cheapest path to a free place, on which tokens placed before may move on to another
/// expert (successive shortest paths over the E experts). An edge from e to f costs the least that any token of e loses by moving to f.</para>
/// <para>Work: about T·E² with the few moves of ordinary scores. Deterministic: equal costs take the lower expert and the earlier token.</para>
/// <para>Source: the linear assignment of BASE layers, arXiv:2103.16716, which uses an auction that may stop below the optimum.</para>
/// </remarks>
public static class BalancedAssignment
{
    /// <summary>Expert of every token.</summary>
    /// <param name="scores">Scores <c>[T, E]</c>, finite.</param>
    /// <param name="experts">E.</param>
    public static int[] Solve(ReadOnlySpan<float> scores, int experts)
    {
        int tokens = scores.Length / experts, share = (tokens + experts - 1) / experts;
        var expertOf = new int[tokens];
        var members = new List<int>[experts];
        var loss = new double[experts, experts]; // [e, f]: least loss of moving a token of e to f
        var mover = new int[experts, experts];
        for (int e = 0; e < experts; e++)
        {
            members[e] = [];
            Refresh(scores, members[e], e, loss, mover);
        }

        var cost = new double[experts];
        var from = new int[experts];
        for (int t = 0; t < tokens; t++)
        {
            ShortestPaths(scores.Slice(t * experts, experts), loss, cost, from);
            int free = -1;
            for (int e = 0; e < experts; e++)
            {
                if (members[e].Count < share && (free < 0 || cost[e] < cost[free]))
                {
                    free = e;
                }
            }

            // Walk back from the free place: every expert on the path hands one token on.
            int place = free;
            while (from[place] >= 0)
            {
                int previous = from[place], moved = mover[previous, place];
                members[previous].Remove(moved);
                members[place].Add(moved);
                expertOf[moved] = place;
                Refresh(scores, members[place], place, loss, mover);
                place = previous;
            }

            members[place].Add(t);
            expertOf[t] = place;
            Refresh(scores, members[place], place, loss, mover);
        }

        return expertOf;
    }

    /// <summary>Cheapest way of a new token to every expert, by relaxing edges until nothing improves.</summary>
    private static void ShortestPaths(ReadOnlySpan<float> scores, double[,] loss, double[] cost, int[] from)
    {
        int experts = cost.Length;
        for (int e = 0; e < experts; e++)
        {
            cost[e] = -scores[e];
            from[e] = -1;
        }

        bool changed = true;
        for (int round = 0; changed && round < experts; round++)
        {
            changed = false;
            for (int e = 0; e < experts; e++)
            {
                for (int f = 0; f < experts; f++)
                {
                    double through = cost[e] + loss[e, f];
                    if (through < cost[f] - 1e-12)
                    {
                        cost[f] = through;
                        from[f] = e;
                        changed = true;
                    }
                }
            }
        }
    }

    private static void Refresh(ReadOnlySpan<float> scores, List<int> members, int e, double[,] loss, int[,] mover)
    {
        int experts = loss.GetLength(0);
        for (int f = 0; f < experts; f++)
        {
            loss[e, f] = double.PositiveInfinity;
            mover[e, f] = -1;
            foreach (int t in members)
            {
                double lost = (double)scores[(t * experts) + e] - scores[(t * experts) + f];
                if (f != e && (lost < loss[e, f] || (lost == loss[e, f] && t < mover[e, f])))
                {
                    loss[e, f] = lost;
                    mover[e, f] = t;
                }
            }
        }
    }
}
