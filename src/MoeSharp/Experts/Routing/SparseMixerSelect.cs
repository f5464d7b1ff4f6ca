using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>PhiMoE's choice of two: the best expert and the best of the rest; in training sampled among those that compete with it.</summary>
/// <remarks>Source: SparseMixer-v2 in GRIN, arXiv:2409.12136, and the code of PhiMoE.</remarks>
/// <param name="jitter">Half the width of the competition (0.01).</param>
internal sealed class SparseMixerSelect(float jitter) : Select
{
    /// <inheritdoc/>
    public override bool ChoosesByLogits => true;

    /// <inheritdoc/>
    public override int Width(int expertCount) => 2;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        Tensor logits = input.Scores, noise = logits.Scope!.New(logits.Shape), memory = logits.Scope.New(new TensorShape(logits.Columns));
        Span<float> masked = memory.Span;
        for (int k = 0; k < 2; k++)
        {
            if (input.Context.IsTraining)
            {
                input.Context.RequireNoise("sparse mixer").FillExponential(noise.Span);
            }

            for (int t = 0; t < logits.Rows; t++)
            {
                int taken = k == 0 ? -1 : ids[t * 2];
                int best = SparseMixerMask.Apply(logits.Row(t), taken, jitter, masked);
                if (input.Context.IsTraining)
                {
                    // Gumbel-max: −log of an exponential number is Gumbel noise.
                    for (int e = 0; e < masked.Length; e++)
                    {
                        masked[e] -= MathF.Log(noise.Row(t)[e]);
                    }

                    TopKSelect.Row(masked, ids.Span.Slice((t * 2) + k, 1));
                }
                else
                {
                    ids[(t * 2) + k] = best;
                }
            }
        }
    }
}
