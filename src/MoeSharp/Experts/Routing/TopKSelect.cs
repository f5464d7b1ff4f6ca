using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>The K highest scores of each token.</summary>
/// <remarks>Order: ids fall by score; equal scores take the lower id, so a run repeats exactly. A score of −∞ is never chosen.</remarks>
/// <param name="k">Experts a token.</param>
/// <param name="byLogits">True to choose by logits.</param>
internal sealed class TopKSelect(int k, bool byLogits) : Select
{
    /// <inheritdoc/>
    public override bool ChoosesByLogits => byLogits;

    /// <inheritdoc/>
    public override int Width(int expertCount) => k;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        Tensor scores = byLogits ? input.Logits : input.Scores;
        const int rowsPerItem = 256;
        int items = (scores.Rows + rowsPerItem - 1) / rowsPerItem;
        scores.Scope!.Workers.Run(items, new Rows(scores, ids, k, rowsPerItem));
    }

    /// <summary>Top-k of one row by insertion into a short sorted list.</summary>
    /// <param name="scores">Scores [E].</param>
    /// <param name="ids">Chosen ids [K], −1 where fewer than K scores are above −∞.</param>
    internal static void Row(ReadOnlySpan<float> scores, Span<int> ids)
    {
        int count = 0;
        for (int e = 0; e < scores.Length; e++)
        {
            float score = scores[e];
            if (float.IsNegativeInfinity(score) || (count == ids.Length && !(score > scores[ids[count - 1]])))
            {
                continue;
            }

            int place = count < ids.Length ? count++ : count - 1;
            while (place > 0 && score > scores[ids[place - 1]])
            {
                ids[place] = ids[place - 1];
                place--;
            }

            ids[place] = e;
        }

        ids[count..].Fill(-1);
    }

    private readonly struct Rows(Tensor scores, Indices ids, int k, int rowsPerItem) : IWork
    {
        public void Run(int item, int worker)
        {
            Span<int> all = ids.Span;
            int end = Math.Min(scores.Rows, (item + 1) * rowsPerItem);
            for (int row = item * rowsPerItem; row < end; row++)
            {
                Row(scores.Row(row), all.Slice(row * k, k));
            }
        }
    }
}
