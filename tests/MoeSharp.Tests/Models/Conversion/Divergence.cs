using MoeSharp.Analysis;
using MoeSharp.Inference;
using MoeSharp.Inference.Sampling;
using MoeSharp.Models.Decoding;

namespace MoeSharp.Tests.Models.Conversion;

/// <summary>How far a model's predictions are from another's.</summary>
internal static class Divergence
{
    /// <summary>Mean over tokens of Σ p·ln(p/q), in nats.</summary>
    public static double Of(IReadOnlyList<float> reference, IReadOnlyList<float> other, int vocabulary)
    {
        double sum = 0;
        for (int start = 0; start < reference.Count; start += vocabulary)
        {
            double logP = LogSum(reference, start, vocabulary), logQ = LogSum(other, start, vocabulary);
            for (int i = start; i < start + vocabulary; i++)
            {
                double p = reference[i] - logP, q = other[i] - logQ;
                sum += Math.Exp(p) * (p - q);
            }
        }

        return sum / (reference.Count / vocabulary);
    }

    /// <summary>Text of the kind a model knows: what it says itself.</summary>
    public static int[] Babble(Model model, int count, ulong seed)
    {
        int[] start = model.Encode("The ");
        GeneratedToken[] tokens = [.. model.Generate(start, new GenerationOptions
        {
            MaxTokens = count,
            IgnoresEnd = true,
            Sampling = new SamplingOptions { Temperature = 1, Seed = seed },
        })];
        return [.. tokens.Select(token => token.Id)];
    }

    public static IReadOnlyList<float> Logits(Decoder decoder, int[] ids) => LogitsDump.Run(decoder, ids).Logits;

    private static double LogSum(IReadOnlyList<float> logits, int start, int count)
    {
        double max = double.NegativeInfinity, sum = 0;
        for (int i = start; i < start + count; i++)
        {
            max = Math.Max(max, logits[i]);
        }

        for (int i = start; i < start + count; i++)
        {
            sum += Math.Exp(logits[i] - max);
        }

        return max + Math.Log(sum);
    }
}
