using MoeSharp.Experts;
using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;

namespace MoeSharp.Models.Decoding;

/// <summary>Puts the Mixture-of-Experts layer together that a configuration describes.</summary>
internal static class ExpertsBuilder
{
    private const float SigmoidSumFloor = 1e-20f; // DeepSeek-V3 adds it to the sum of the chosen sigmoids

    /// <summary>Builds the layer of block <paramref name="layer"/>, weights undefined.</summary>
    public static MoeLayer Build(DecoderConfig config, int layer, string name, Balance balance, DecoderParts parts)
    {
        ExpertsConfig facts = config.Experts!;
        Router router = parts.CreateRouter?.Invoke(layer) ?? BuildRouter(facts, parts.ExpertBiasRate);
        SharedExpert? shared = facts.SharedIntermediateSize > 0
            ? new SharedExpert(facts.SharedIntermediateSize, facts.IsSharedGated, config.Activation, facts.HasSharedBias)
            : null;
        return new MoeLayer(
            config.HiddenSize,
            new FeedForwardBank(facts.ExpertCount, facts.IntermediateSize, config.Activation),
            router,
            balance,
            shared,
            name: name,
            seed: null)
        { Index = layer };
    }

    private static Router BuildRouter(ExpertsConfig facts, float biasRate)
    {
        bool isSigmoid = facts.Score == ScoreKind.Sigmoid;
        Select select = facts.GroupCount > 1
            ? Select.GroupLimitedTopK(facts.TopK, facts.GroupCount, facts.KeptGroupCount, facts.GroupScoreCount)
            : Select.TopK(facts.TopK);
        (Score score, Weigh weigh) = facts switch
        {
            { Score: ScoreKind.SoftmaxOfChosen } => (Score.Identity, Weigh.SoftmaxOverChosen),
            { NormalizeWeights: false } => (isSigmoid ? Score.Sigmoid : Score.Softmax, Weigh.Scaled(facts.WeightScale)),
            { WeightSumMinimum: > 0 and var minimum } =>
                (isSigmoid ? Score.Sigmoid : Score.Softmax, Weigh.Normalized(facts.WeightScale, epsilon: minimum, floor: true)),
            _ => (isSigmoid ? Score.Sigmoid : Score.Softmax,
                Weigh.Normalized(facts.WeightScale, epsilon: isSigmoid ? SigmoidSumFloor : 0)),
        };
        return new Router(score, select, weigh)
        {
            Bias = facts.HasExpertBias ? new ExpertBias(biasRate) : null,
            InputJitter = facts.RouterJitter,
        };
    }
}
