using MoeSharp.Experts.Banks;

namespace MoeSharp.Models.Decoding;

/// <summary>The facts of the Mixture-of-Experts layers of a decoder; a part of <see cref="DecoderConfig"/>.</summary>
/// <remarks>
/// Token-choice routing without capacity, as published decoders have it. Other routers (capacity, hash, ReLU …) are given to the
/// <see cref="Decoder"/> as parts, and have no published layout to be saved in.
/// </remarks>
public sealed record ExpertsConfig
{
    /// <summary>E, the routed experts of a layer.</summary>
    public required int ExpertCount { get; init; }

    /// <summary>K, the experts a token visits.</summary>
    public required int TopK { get; init; }

    /// <summary>F, the width inside one expert.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>How logits become scores.</summary>
    /// <value>Softmax over all experts by default.</value>
    public ScoreKind Score { get; init; } = ScoreKind.Softmax;

    /// <summary>True when the weights of the chosen experts are divided by their sum.</summary>
    /// <value>True by default (Mixtral); OLMoE does not.</value>
    public bool NormalizeWeights { get; init; } = true;

    /// <summary>p of the norm that the weights are divided by, where they are.</summary>
    /// <value>1 by default (their sum); DBRX may have another.</value>
    public float WeightNormPower { get; init; } = 1;

    /// <summary>True when a weight multiplies the expert's input, false when its result; true in Llama 4.</summary>
    public bool WeighsInput { get; init; }

    /// <summary>Half the width of the sparse mixer's competition, in evaluation too.</summary>
    /// <value>0.01 by default.</value>
    public float MixerJitter { get; init; } = 0.01f;

    /// <summary>True for a bias on the router's logits.</summary>
    public bool HasRouterBias { get; init; }

    /// <summary>True for biases on the projections of routed experts.</summary>
    public bool HasProjectionBias { get; init; }

    /// <summary>What replaces the activation in routed experts; null for the model's.</summary>
    public ClampedSwiGlu? Clamp { get; init; }

    /// <summary>The least that the weights' sum is taken for when they are divided by it.</summary>
    /// <value>0 (no limit) by default; 1e-12 in ERNIE 4.5.</value>
    public float WeightSumMinimum { get; init; }

    /// <summary>Multiplies the weights at the end.</summary>
    /// <value>1 by default; 2.5 in DeepSeek-V3.</value>
    public float WeightScale { get; init; } = 1;

    /// <summary>Groups of experts, of which only some are looked into.</summary>
    /// <value>1 (no groups) by default.</value>
    public int GroupCount { get; init; } = 1;

    /// <summary>How many of its best scores are summed to judge a group.</summary>
    /// <value>2 by default (DeepSeek-V3); 1 in DeepSeek-V2.</value>
    public int GroupScoreCount { get; init; } = 2;

    /// <summary>Groups that stay, those judged best by <see cref="GroupScoreCount"/>.</summary>
    /// <value>1 by default, at most <see cref="GroupCount"/>.</value>
    public int KeptGroupCount { get; init; } = 1;

    /// <summary>True for a bias per expert that takes part in choosing, never in weighting.</summary>
    public bool HasExpertBias { get; init; }

    /// <summary>True for experts with a gate projection beside the one up; false for two matrices with the activation between (GLaM). No
    /// published layout that is read here has the latter.</summary>
    /// <value>True by default.</value>
    public bool HasGateProjection { get; init; } = true;

    /// <summary>Width of the shared expert that every token visits; 0 for none.</summary>
    public int SharedIntermediateSize { get; init; }

    /// <summary>True for biases in the shared expert.</summary>
    public bool HasSharedBias { get; init; }

    /// <summary>True when the shared expert's result is multiplied by the sigmoid of one more logit (Qwen2-MoE).</summary>
    public bool IsSharedGated { get; init; }

    /// <summary>What the load-balancing loss is multiplied by in training, in the published convention (K when balanced).</summary>
    /// <value>0.001 by default.</value>
    public float BalanceCoefficient { get; init; } = 0.001f;

    /// <summary>In training, the router's input is multiplied by uniform noise from [1 − jitter, 1 + jitter]; 0 for none.</summary>
    public float RouterJitter { get; init; }

    /// <summary>Adds what is wrong, one sentence each.</summary>
    internal void CollectFaults(List<string> faults)
    {
        DecoderConfig.RequirePositive(faults, "Experts.ExpertCount", ExpertCount);
        DecoderConfig.RequirePositive(faults, "Experts.IntermediateSize", IntermediateSize);
        if (TopK < 1 || TopK > ExpertCount)
        {
            faults.Add($"Experts.TopK must be between 1 and ExpertCount ({ExpertCount}), got {TopK}.");
        }

        if (Clamp is not null && !HasGateProjection)
        {
            faults.Add("Experts.Clamp is of experts with a gate projection. Set HasGateProjection, or leave Clamp null.");
        }

        if (GroupCount < 1 || (ExpertCount > 0 && ExpertCount % GroupCount != 0))
        {
            faults.Add($"Experts.GroupCount must be at least 1 and divide ExpertCount ({ExpertCount}), got {GroupCount}.");
        }
        else if (KeptGroupCount < 1 || KeptGroupCount > GroupCount)
        {
            faults.Add($"Experts.KeptGroupCount must be between 1 and GroupCount ({GroupCount}), got {KeptGroupCount}.");
        }
        else if (TopK <= ExpertCount && TopK > ExpertCount / GroupCount * KeptGroupCount)
        {
            faults.Add($"Experts.TopK ({TopK}) is more than the {ExpertCount / GroupCount * KeptGroupCount} experts of "
                + $"{KeptGroupCount} kept groups. Keep more groups or choose fewer experts.");
        }

        if (GroupScoreCount < 1 || (GroupCount > 1 && ExpertCount / GroupCount < GroupScoreCount))
        {
            faults.Add($"Experts.GroupScoreCount is {GroupScoreCount}, and {GroupCount} groups of {ExpertCount} experts have "
                + $"{ExpertCount / Math.Max(GroupCount, 1)} each. A group is judged by 1 to all of its experts.");
        }

        if (Score == ScoreKind.SoftmaxOfChosen
            && (!NormalizeWeights || WeightScale != 1 || WeightSumMinimum != 0 || GroupCount > 1 || HasExpertBias))
        {
            faults.Add("Experts.Score SoftmaxOfChosen has weights that sum to 1, and neither groups nor an expert bias. "
                + "Leave NormalizeWeights, WeightScale, WeightSumMinimum, GroupCount and HasExpertBias at their defaults.");
        }

        if (Score == ScoreKind.SparseMixer && (TopK != 2 || GroupCount > 1 || HasExpertBias || WeightScale != 1 || !NormalizeWeights))
        {
            faults.Add($"Experts.Score SparseMixer chooses 2 experts and knows neither groups, an expert bias nor a scale, got TopK {TopK}. "
                + "Set TopK to 2 and leave the others at their defaults.");
        }

        if (!(MixerJitter is >= 0 and < 1))
        {
            faults.Add($"Experts.MixerJitter must be at least 0 and below 1, got {MixerJitter}.");
        }

        if (!float.IsFinite(WeightNormPower) || WeightNormPower <= 0)
        {
            faults.Add($"Experts.WeightNormPower must be greater than 0, got {WeightNormPower}.");
        }

        if (Clamp is { } clamp && !(float.IsFinite(clamp.Alpha) && clamp.Alpha > 0 && float.IsFinite(clamp.Limit) && clamp.Limit > 0))
        {
            faults.Add($"Experts.Clamp must have Alpha and Limit greater than 0, got {clamp.Alpha} and {clamp.Limit}.");
        }

        if (!float.IsFinite(WeightSumMinimum) || WeightSumMinimum < 0)
        {
            faults.Add($"Experts.WeightSumMinimum must not be negative, got {WeightSumMinimum}. Use 0 for no limit.");
        }

        if (SharedIntermediateSize < 0)
        {
            faults.Add($"Experts.SharedIntermediateSize must not be negative, got {SharedIntermediateSize}. Use 0 for none.");
        }

        if ((IsSharedGated || HasSharedBias) && SharedIntermediateSize == 0)
        {
            faults.Add("Experts.IsSharedGated and HasSharedBias need a shared expert. Set SharedIntermediateSize.");
        }

        if (!float.IsFinite(WeightScale) || WeightScale <= 0)
        {
            faults.Add($"Experts.WeightScale must be greater than 0, got {WeightScale}.");
        }

        if (!float.IsFinite(BalanceCoefficient) || BalanceCoefficient < 0)
        {
            faults.Add($"Experts.BalanceCoefficient must not be negative, got {BalanceCoefficient}. Use 0 to switch it off.");
        }

        if (!(RouterJitter is >= 0 and < 1))
        {
            faults.Add($"Experts.RouterJitter must be at least 0 and below 1, got {RouterJitter}.");
        }
    }
}
