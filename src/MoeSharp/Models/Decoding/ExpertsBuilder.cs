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
            new FeedForwardBank(
                facts.ExpertCount, facts.IntermediateSize, config.Activation, facts.HasGateProjection, facts.HasProjectionBias, facts.Clamp),
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
        Score score = isSigmoid ? Score.Sigmoid : Score.Softmax;
        Select select = facts switch
        {
            { GroupCount: > 1 } => Select.GroupLimitedTopK(facts.TopK, facts.GroupCount, facts.KeptGroupCount, facts.GroupScoreCount),
            { Score: ScoreKind.SparseMixer } => Select.SparseMixer(facts.MixerJitter),
            _ => Select.TopK(facts.TopK, byLogits: facts.WeighsInput && !facts.HasExpertBias), // large logits have equal sigmoids
        };
        Weigh weigh = facts switch
        {
            { Score: ScoreKind.SoftmaxOfChosen } => Weigh.SoftmaxOverChosen,
            { Score: ScoreKind.SparseMixer } => Weigh.SparseMixer(facts.MixerJitter),
            { NormalizeWeights: false } => Weigh.Scaled(facts.WeightScale),
            { WeightSumMinimum: > 0 and var minimum } => Weigh.Normalized(facts.WeightScale, facts.WeightNormPower, minimum, floor: true),
            _ => Weigh.Normalized(facts.WeightScale, facts.WeightNormPower, epsilon: isSigmoid ? SigmoidSumFloor : 0),
        };
        return new Router(facts.Score is ScoreKind.SoftmaxOfChosen or ScoreKind.SparseMixer ? Score.Identity : score, select, weigh)
        {
            Logits = new LinearLogits(facts.HasRouterBias),
            WeighsInput = facts.WeighsInput,
            Bias = facts.HasExpertBias ? new ExpertBias(biasRate) : null,
            InputJitter = facts.RouterJitter,
        };
    }
}
