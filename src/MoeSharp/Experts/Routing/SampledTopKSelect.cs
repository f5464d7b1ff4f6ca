using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>The best expert first, the others sampled in training: by the largest logit plus Gumbel noise among the rest.</summary>
/// <remarks>One exponential number e a logit is drawn; the noise is <c>−log e</c>. In evaluation a plain top-k of the logits.
/// Source: DeepSpeed top-2 (its default), NLLB-MoE "sampling".</remarks>
internal sealed class SampledTopKSelect(int k) : Select
{
    /// <inheritdoc/>
    public override bool ChoosesByLogits => true;

    /// <inheritdoc/>
    public override int Width(int expertCount) => k;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        Tensor logits = input.Scores, noisy = logits.Scope!.New(logits.Shape);
        if (input.Context.IsTraining)
        {
            input.Context.RequireNoise("sampled top-k").FillExponential(noisy.Span);
        }

        for (int t = 0; t < logits.Rows; t++)
        {
            Span<int> chosen = ids.Span.Slice(t * k, k);
            ReadOnlySpan<float> row = logits.Row(t);
            if (!input.Context.IsTraining)
            {
                TopKSelect.Row(row, chosen);
                continue;
            }

            TopKSelect.Row(row, chosen[..1]);
            Span<float> rest = noisy.Row(t);
            for (int e = 0; e < rest.Length; e++)
            {
                rest[e] = e == chosen[0] ? float.NegativeInfinity : row[e] - MathF.Log(rest[e]);
            }

            TopKSelect.Row(rest, chosen[1..]);
        }
    }
}
