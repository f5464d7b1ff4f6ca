namespace MoeSharp.Models.Conversion;

/// <summary>Which format a mixture gives to which tensor: the choices of llama.cpp, so that files of one name are of one kind.</summary>
/// <remarks>
/// <para>More bits go to what was seen to matter: the head, the value projection (small, and every token uses it), the down projections
/// of the first and last eighth of the layers and of every third between. With exactly 8 experts (Mixtral 8x7B), attention is a
/// small part of the file and gets 8 bits.</para>
/// <para>Source: github.com/ggml-org/llama.cpp, src/llama-quant.cpp (the rules are restated here, for the types that we write).</para>
/// </remarks>
internal static class MixtureChoice
{
    private const int SpecialExpertCount = 8;

    /// <summary>The name of the format of a tensor; null for the mixture's own.</summary>
    public static string? Of(Mixture mixture, GgufTensorName tensor, RecipeFacts facts)
    {
        int layer = tensor.Layer ?? 0;
        if (tensor.Role == TensorRole.Head || (tensor.Role == TensorRole.Embedding && !facts.HasHead))
        {
            return mixture == Mixture.MXFP4Experts ? "Q8_0" : "Q6_K";
        }

        if (mixture == Mixture.MXFP4Experts)
        {
            return tensor.IsExperts ? "MXFP4" : "Q8_0";
        }

        return tensor.Role switch
        {
            TensorRole.Value => OfValue(mixture, layer, facts),
            TensorRole.Key => facts.ExpertCount == SpecialExpertCount ? "Q8_0" : null,
            TensorRole.QueryKeyValue => OfQueryKeyValue(mixture),
            TensorRole.AttentionOutput => OfAttentionOutput(mixture, facts),
            TensorRole.DownProjection => OfDown(mixture, layer, facts),
            _ => null,
        };
    }

    private static string? OfValue(Mixture mixture, int layer, RecipeFacts facts)
    {
        if (facts.ExpertCount == SpecialExpertCount)
        {
            return "Q8_0";
        }

        bool sharesWidely = facts.QueryGroupSize >= 4;
        return mixture switch
        {
            Mixture.Q2K => sharesWidely ? "Q4_K" : "Q3_K",
            Mixture.Q3KMedium => layer < 2 ? "Q5_K" : "Q4_K",
            Mixture.Q3KLarge => "Q5_K",
            Mixture.IQ4XS when sharesWidely => "Q5_K",
            Mixture.Q4KMedium or Mixture.Q5KMedium when MattersMore(layer, facts.LayerCount) => "Q6_K",
            Mixture.Q4KSmall when layer < 4 => "Q5_K",
            _ => null,
        };
    }

    private static string? OfQueryKeyValue(Mixture mixture) => mixture switch
    {
        Mixture.Q3KMedium or Mixture.Q3KLarge => "Q4_K",
        Mixture.Q4KMedium => "Q5_K",
        Mixture.Q5KMedium => "Q6_K",
        _ => null,
    };

    private static string? OfAttentionOutput(Mixture mixture, RecipeFacts facts)
    {
        if (facts.ExpertCount == SpecialExpertCount)
        {
            return mixture is Mixture.Q2K or Mixture.Q3KSmall or Mixture.Q3KMedium or Mixture.Q4KSmall or Mixture.Q4KMedium or Mixture.IQ4XS
                ? "Q5_K"
                : null;
        }

        return mixture switch
        {
            Mixture.Q2K => "Q3_K",
            Mixture.Q3KMedium => "Q4_K",
            Mixture.Q3KLarge => "Q5_K",
            _ => null,
        };
    }

    private static string? OfDown(Mixture mixture, int layer, RecipeFacts facts)
    {
        bool isEarly = layer < facts.LayerCount / 8;
        return mixture switch
        {
            Mixture.Q2K => "Q3_K",
            Mixture.Q3KMedium => layer < facts.LayerCount / 16 ? "Q5_K" : "Q4_K",
            Mixture.Q3KLarge => "Q5_K",
            Mixture.Q4KMedium or Mixture.Q5KMedium when MattersMore(layer, facts.LayerCount) => "Q6_K",
            Mixture.IQ4XS when isEarly && !facts.HasImportance => "Q5_K",
            Mixture.Q4KSmall when isEarly => "Q5_K",
            _ => null,
        };
    }

    // The first and the last eighth, and every third between.
    private static bool MattersMore(int layer, int count) =>
        layer < count / 8 || layer >= 7 * count / 8 || (layer - (count / 8)) % 3 == 2;
}
