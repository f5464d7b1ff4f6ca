using MoeSharp.Experts.Ops;
using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Gives the chosen experts their weights: the third part of a router, and the only way of the task gradient into it.</summary>
/// <remarks>
/// <para>Choices that were not kept have weight 0. Whether a normalisation counts them is the part's own choice (<c>afterDrop</c>).</para>
/// </remarks>
public abstract class Weigh
{
    /// <summary>The scores as they are: OLMoE, Switch, V-MoE.</summary>
    public static Weigh Raw { get; } = Scaled(1);

    /// <summary>Softmax over the logits of the chosen experts only: gpt-oss, GraniteMoE, JetMoE, Shazeer.</summary>
    public static Weigh SoftmaxOverChosen { get; } = new ChosenSoftmax();

    /// <summary>One for every chosen expert: hash and random routers.</summary>
    public static Weigh One { get; } = new Ones();

    /// <summary>The scores times a constant.</summary>
    /// <param name="scale">The constant (DeepSeek-V2: 16).</param>
    public static Weigh Scaled(float scale) => new FromScores(new Normalization(NormalizationKind.None) { Scale = scale });

    /// <summary>The scores divided by their p-norm over the choices, then scaled.</summary>
    /// <param name="scale">Multiplies the normalised weights (DeepSeek-V3: 2.5).</param>
    /// <param name="power">p of the norm; 1 makes the weights sum to <paramref name="scale"/> (DBRX has it as an option).</param>
    /// <param name="epsilon">Added to the norm, or its lower limit when <paramref name="floor"/> is set.</param>
    /// <param name="floor">True to use <paramref name="epsilon"/> as a lower limit of the norm.</param>
    /// <param name="afterDrop">True to count only the choices that survived retention and capacity (DeepSpeed, NLLB); false for all (GShard, Tutel).</param>
    /// <param name="unlessSingle">True to leave the raw score when K is 1 (Megatron-Core, Tutel): otherwise the weight is 1 and has no gradient.</param>
    public static Weigh Normalized(
        float scale = 1,
        float power = 1,
        float epsilon = 0,
        bool floor = false,
        bool afterDrop = false,
        bool unlessSingle = false) =>
        new FromScores(new Normalization(floor ? NormalizationKind.Floor : NormalizationKind.Added)
        {
            Scale = scale,
            Power = power,
            Epsilon = epsilon,
            AfterDrop = afterDrop,
            UnlessSingle = unlessSingle,
        });

    /// <summary>PhiMoE's weights, with a gradient of their own: each near 1, their sum near 2.</summary>
    /// <param name="jitter">Half the width of the competition.</param>
    /// <param name="lowFactor">Factor of a sampled choice that is not the best; a third (0.3333 in the package).</param>
    public static Weigh SparseMixer(float jitter = 0.01f, float lowFactor = 1f / 3) => new Mixer(jitter, lowFactor);

    /// <summary>Weights <c>[T, K]</c>.</summary>
    public abstract Tensor Apply(in WeighInput input);

    private sealed class FromScores(Normalization normalization) : Weigh
    {
        public override Tensor Apply(in WeighInput input) =>
            ChosenWeightsOp.Apply(input.Scores, input.Ids, input.ServedIds, input.TopK, normalization);
    }

    private sealed class ChosenSoftmax : Weigh
    {
        public override Tensor Apply(in WeighInput input) =>
            ChosenSoftmaxOp.Apply(input.Logits, input.Ids, input.ServedIds, input.TopK);
    }

    private sealed class Ones : Weigh
    {
        public override Tensor Apply(in WeighInput input)
        {
            ReadOnlySpan<int> served = input.ServedIds.Span;
            Tensor weights = input.Scores.Scope!.New(new TensorShape(served.Length / input.TopK, input.TopK));
            Span<float> w = weights.Span;
            for (int i = 0; i < w.Length; i++)
            {
                w[i] = served[i] < 0 ? 0 : 1;
            }

            return weights;
        }
    }

    private sealed class Mixer(float jitter, float lowFactor) : Weigh
    {
        public override Tensor Apply(in WeighInput input) => SparseMixerOp.Apply(
            input.Logits, input.Ids, jitter, input.Context.IsTraining ? input.Context.RequireNoise("sparse mixer") : null, lowFactor);
    }
}
