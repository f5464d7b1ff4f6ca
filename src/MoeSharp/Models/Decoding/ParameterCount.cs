namespace MoeSharp.Models.Decoding;

/// <summary>How many parameters a decoder has, and how many a token touches.</summary>
/// <param name="Total">All of them; a tied head counts once.</param>
/// <param name="Embedding">The input embedding; 0 when it is tied, where it counts as head.</param>
/// <param name="Head">The output matrix, and its bias if it has one.</param>
/// <param name="Attention">Projections, biases and query-key norms of all layers.</param>
/// <param name="Router">Router matrices, expert biases and shared gates of all layers.</param>
/// <param name="Experts">Routed experts of all layers.</param>
/// <param name="SharedExperts">Shared experts of all layers.</param>
/// <param name="FeedForward">Dense feed-forward networks of all layers.</param>
/// <param name="Norms">Norms of the blocks and the last one.</param>
/// <param name="Active">Matrix parameters one token touches: attention, router, its K experts, shared experts, dense layers and
/// head; not the embedding, norms and biases.</param>
public sealed record ParameterCount(
    long Total,
    long Embedding,
    long Head,
    long Attention,
    long Router,
    long Experts,
    long SharedExperts,
    long FeedForward,
    long Norms,
    long Active)
{
    /// <summary>True when the count of a configuration fits into 64 bits.</summary>
    internal static bool Fits(DecoderConfig config)
    {
        try
        {
            return Of(config).Total >= 0;
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    /// <summary>Counts from the configuration alone.</summary>
    /// <exception cref="OverflowException">There are more than 2^63.</exception>
    internal static ParameterCount Of(DecoderConfig config)
    {
        checked
        {
            long hidden = config.HiddenSize;
            long head = (long)config.VocabularySize * hidden;
            long embedding = config.IsTied ? 0 : head;
            long norm = hidden * (config.Norm == Layers.NormKind.LayerWithBias ? 2 : 1);
            long queries = (long)config.HeadCount * config.HeadSize;
            long keys = (long)config.KeyValueHeadCount * config.HeadSize;

            long projections = 2 * (queries + keys) * hidden;
            long attentionVectors = (config.HasQueryKeyValueBias ? queries + (2 * keys) : 0)
                + (config.HasOutputBias ? hidden : 0)
                + (config.HasAttentionSinks ? config.HeadCount : 0)
                + config.QueryKeyNorm switch
                {
                    Layers.QueryKeyNorm.PerHead or Layers.QueryKeyNorm.PerHeadAfterRotation => 2L * config.HeadSize,
                    Layers.QueryKeyNorm.WholeProjection => queries + keys,
                    _ => 0,
                };
            if (config.Latent is { } latent)
            {
                (projections, attentionVectors) = OfLatent(config, latent);
            }

            long dense = 3L * config.IntermediateSize * hidden;
            long denseVectors = config.HasFeedForwardBias ? (2L * config.IntermediateSize) + hidden : 0;

            long attention = 0, router = 0, experts = 0, shared = 0, feedForward = 0, active = head;
            for (int layer = 0; layer < config.LayerCount; layer++)
            {
                attention += projections + attentionVectors;
                active += projections;
                if (config.HasExperts(layer))
                {
                    ExpertsConfig facts = config.Experts!;
                    int inward = facts.HasGateProjection ? 2 : 1;
                    long expert = (inward + 1L) * facts.IntermediateSize * hidden;
                    long routerMatrices = (facts.ExpertCount + (facts.IsSharedGated ? 1 : 0)) * hidden;
                    long sharedExpert = 3L * facts.SharedIntermediateSize * hidden;
                    long sharedVectors = facts.HasSharedBias ? (2L * facts.SharedIntermediateSize) + hidden : 0;
                    long expertVectors = facts.HasProjectionBias ? ((long)inward * facts.IntermediateSize) + hidden : 0;
                    router += routerMatrices + (facts.HasExpertBias ? facts.ExpertCount : 0) + (facts.HasRouterBias ? facts.ExpertCount : 0);
                    experts += facts.ExpertCount * (expert + expertVectors);
                    shared += sharedExpert + sharedVectors;
                    active += routerMatrices + (facts.TopK * expert) + sharedExpert;
                }
                else
                {
                    feedForward += dense + denseVectors;
                    active += dense;
                }
            }

            head += config.HasHeadBias ? config.VocabularySize : 0;
            long norms = (((config.NormPlacement == Layers.NormPlacement.Both ? 4L : 2L) * config.LayerCount) + 1) * norm;
            long total = embedding + head + attention + router + experts + shared + feedForward + norms;
            return new ParameterCount(total, embedding, head, attention, router, experts, shared, feedForward, norms, active);
        }
    }

    /// <summary>Matrices, and biases with norms, of latent attention.</summary>
    private static (long Matrices, long Vectors) OfLatent(DecoderConfig config, Layers.LatentSizes latent)
    {
        long hidden = config.HiddenSize, heads = config.HeadCount, rank = latent.KeyValueRank;
        long down = rank + latent.RotatedSize, queries = heads * config.HeadSize;
        long matrices = ((latent.QueryRank ?? hidden) * queries) + ((latent.QueryRank ?? 0) * hidden) + (down * hidden)
            + (heads * (latent.UnrotatedSize + latent.ValueSize) * rank) + (hidden * heads * latent.ValueSize);
        long vectors = rank + (latent.QueryRank ?? 0) + (config.HasOutputBias ? hidden : 0)
            + (config.HasQueryKeyValueBias ? down + (latent.QueryRank ?? 0) : 0);
        return (matrices, vectors);
    }
}
