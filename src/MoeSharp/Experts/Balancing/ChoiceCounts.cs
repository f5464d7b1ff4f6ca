using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Experts.Balancing;

/// <summary>Counts choices as a loss wants them.</summary>
internal static class ChoiceCounts
{
    /// <summary>Adds the choices of rows <paramref name="start"/> to <paramref name="end"/> − 1 to <paramref name="counts"/> [E].</summary>
    public static void Add(
        CountedChoices counted, in RoutingDecision decision, Indices? plain, RoutingContext context, int start, int end, Span<float> counts)
    {
        int topK = decision.TopK;
        int columns = counted is CountedChoices.First or CountedChoices.FirstServed ? 1 : topK;
        ReadOnlySpan<int> ids = counted switch
        {
            CountedChoices.PlainTopK => plain!.Span,
            CountedChoices.FirstServed => decision.ServedIds.Span,
            _ => decision.Ids.Span, // padding has no ids unless the router keeps it on purpose
        };
        for (int t = start; t < end; t++)
        {
            if (counted == CountedChoices.PlainTopK && context.IsPadding(t))
            {
                continue;
            }

            for (int k = 0; k < columns; k++)
            {
                if (ids[(t * topK) + k] is int id && id >= 0)
                {
                    counts[id]++;
                }
            }
        }
    }
}
