using MoeSharp.Models.Decoding;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Analysis.Planning;

/// <summary>Bytes of weights that one token reads, of a model in memory: what bounds the speed of decode.</summary>
/// <remarks>Of a stack of experts the part that is visited counts, of the embedding nothing unless it is the head. The cache is not in it.</remarks>
public static class DecodeBytes
{
    /// <summary>Bytes a token.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="expertsPerToken">Experts that a token visits in a layer, on average; null for as many as its routers choose.</param>
    public static double Of(Decoder decoder, double? expertsPerToken = null)
    {
        DecoderConfig config = decoder.Config;
        double bytes = 0;
        foreach (Parameter parameter in decoder.Parameters)
        {
            string part = PlannedWeight.PartOf(parameter.Name, config.IsTied);
            double all = parameter.Packed?.ByteLength ?? parameter.Shape.Length * (double)sizeof(float);
            bytes += part switch
            {
                "embedding" => 0,
                "experts" => all / config.Experts!.ExpertCount * (expertsPerToken ?? config.Experts.TopK),
                _ => all,
            };
        }

        return bytes;
    }
}
