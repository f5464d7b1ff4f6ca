using MoeSharp.Formats;

namespace MoeSharp.Models.Conversion;

/// <summary>What a recipe wants to know about the whole model.</summary>
/// <param name="LayerCount">L.</param>
/// <param name="ExpertCount">E; 1 for a dense model.</param>
/// <param name="QueryGroupSize">Query heads that share one key-value head.</param>
/// <param name="HasHead">False where the embedding is the head.</param>
/// <param name="HasImportance">True when it is known which columns matter.</param>
public sealed record RecipeFacts(int LayerCount, int ExpertCount = 1, int QueryGroupSize = 1, bool HasHead = true, bool HasImportance = false)
{
    /// <summary>Reads the facts of a decoder.</summary>
    public static RecipeFacts Of(Decoding.DecoderConfig config, bool hasImportance = false) => new(
        config.LayerCount, config.Experts?.ExpertCount ?? 1, config.HeadCount / Math.Max(1, config.KeyValueHeadCount), !config.IsTied, hasImportance);
}
