using MoeSharp.Models.Decoding;

namespace MoeSharp.Analysis.Planning;

/// <summary>How many parameters a token touches, by the conventions in use: publishers do not agree on one.</summary>
/// <param name="WithEmbedding">All but the experts that a token does not visit (Mixtral, OLMoE and Qwen count so).</param>
/// <param name="WithoutEmbedding">The same without the input embedding, of which a token reads one row (gpt-oss, DeepSeek). A tied
/// embedding is the head, and stays.</param>
/// <param name="WithoutEmbeddingAndHead">The same without the head, too.</param>
public sealed record ActiveParameters(long WithEmbedding, long WithoutEmbedding, long WithoutEmbeddingAndHead)
{
    /// <summary>Counts from the configuration alone.</summary>
    public static ActiveParameters Of(DecoderConfig config) => Of(PlannedWeight.ListOf(config));

    /// <summary>Counts weights.</summary>
    public static ActiveParameters Of(IReadOnlyList<PlannedWeight> weights)
    {
        long all = weights.Sum(weight => weight.ActiveLength);
        long embedding = weights.Where(weight => weight.IsLookup).Sum(weight => weight.ActiveLength);
        long head = weights.Where(weight => weight.Part == "head").Sum(weight => weight.ActiveLength);
        return new ActiveParameters(all, all - embedding, all - embedding - head);
    }
}
