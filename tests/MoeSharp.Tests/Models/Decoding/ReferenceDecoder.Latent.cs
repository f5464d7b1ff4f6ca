using MoeSharp.Layers;

namespace MoeSharp.Tests.Models.Decoding;

/// <content>Latent attention, expanded: keys and values of every head, as DeepSeek-V2's paper has them.</content>
internal sealed partial class ReferenceDecoder
{
    private double[][] LatentAttention(int layer, double[][] x, LatentSizes sizes)
    {
        string name = $"layers.{layer}.attention";
        int heads = _config.HeadCount, n = sizes.UnrotatedSize, r = sizes.RotatedSize, v = sizes.ValueSize, rank = sizes.KeyValueRank;
        RotaryConfig rotary = _config.Rotary;
        double yarn = rotary is { Scaling: not Tensors.Autograd.Ops.RopeScaling.Default, MScaleAllDimensions: { } all and not 0 }
            ? (0.1 * all * Math.Log(rotary.Factor)) + 1
            : 1;
        double scale = _config.AttentionScale ?? (yarn * yarn / Math.Sqrt(n + r));
        double[][] queries = new double[x.Length][], latents = new double[x.Length][], shared = new double[x.Length][];
        for (int t = 0; t < x.Length; t++)
        {
            double[] query = sizes.QueryRank is null
                ? x[t]
                : HeadNorm(
                    Map(name + ".query_down.weight", name + ".query_down.bias", x[t]), name + ".query_norm", sizes.QueryRank.Value, sizes.NormEpsilon);
            query = Map(name + ".query.weight", "", query);
            for (int h = 0; h < heads; h++)
            {
                double[] turning = query[((h * (n + r)) + n)..((h + 1) * (n + r))];
                Rotate(turning, t, x.Length, r);
                turning.CopyTo(query, (h * (n + r)) + n);
            }

            double[] down = Map(name + ".latent_down.weight", name + ".latent_down.bias", x[t]);
            (queries[t], shared[t]) = (query, down[rank..]);
            latents[t] = HeadNorm(down[..rank], name + ".latent_norm", rank, sizes.NormEpsilon);
            Rotate(shared[t], t, x.Length, r);
        }

        double[][] output = [.. x.Select(_ => new double[heads * v])];
        int window = _config.WindowOf(layer) ?? int.MaxValue;
        for (int h = 0; h < heads; h++)
        {
            Tensors.Tensor up = _state[name + ".key_up"].Slice(h), lower = _state[name + ".value_up"].Slice(h); // [c, n], [v, c]
            double[][] keys = [.. latents.Select(latent => Enumerable.Range(0, n).Select(i => Enumerable.Range(0, rank).Sum(k => latent[k] * up.Row(k)[i])).ToArray())];
            double[][] values = [.. latents.Select(latent => Multiply(lower, null, latent))];
            for (int t = 0; t < x.Length; t++)
            {
                double[] query = queries[t][(h * (n + r))..((h + 1) * (n + r))];
                int first = t - Math.Min(window - 1, t);
                double[] scores = [.. Enumerable.Range(first, t - first + 1).Select(j =>
                    scale * (query.Take(n).Select((q, i) => q * keys[j][i]).Sum() + query.Skip(n).Select((q, i) => q * shared[j][i]).Sum()))];
                double largest = scores.Max(), sum = scores.Sum(score => Math.Exp(score - largest));
                for (int j = 0; j < scores.Length; j++)
                {
                    for (int i = 0; i < v; i++)
                    {
                        output[t][(h * v) + i] += Math.Exp(scores[j] - largest) / sum * values[first + j][i];
                    }
                }
            }
        }

        return [.. output.Select(row => Map(name + ".output.weight", name + ".output.bias", row))];
    }
}
