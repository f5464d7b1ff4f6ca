using MoeSharp.Layers;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Models.Decoding;

/// <summary>The decoder once more, in double precision, one sequence, one number after the other: the definition to hold the fast one against.</summary>
/// <remarks>Knows every fact of <see cref="DecoderConfig"/>.</remarks>
internal sealed partial class ReferenceDecoder(MoeSharp.Models.Decoding.Decoder decoder)
{
    private readonly DecoderConfig _config = decoder.Config;
    private readonly IReadOnlyDictionary<string, Tensor> _state = decoder.State;

    /// <summary>Logits <c>[T][V]</c>.</summary>
    public double[][] Run(ReadOnlySpan<int> ids)
    {
        float[] table = _state["embedding.weight"].ToArray();
        int size = _config.HiddenSize;
        double[][] x = new double[ids.Length][];
        for (int t = 0; t < ids.Length; t++)
        {
            x[t] = [.. table.Skip(ids[t] * size).Take(size).Select(value => (double)value * _config.EmbeddingScale)];
        }

        for (int layer = 0; layer < _config.LayerCount; layer++)
        {
            string name = $"layers.{layer}";
            Add(x, Normalize(Attend(layer, Normalize(x, name + ".attention_norm")), name + ".attention_output_norm"));
            double[][] normed = Normalize(x, name + ".feed_forward_norm");
            double[][] result = [.. normed.Select(row => _config.HasExperts(layer) ? Experts(name, row) : FeedForward(name + ".feed_forward", row))];
            Add(x, Normalize(result, name + ".feed_forward_output_norm"));
        }

        string head = _config.IsTied ? "embedding.weight" : "head.weight";
        return [.. Normalize(x, "norm").Select(row => Map(head, "head.bias", row).Select(logit => logit * _config.LogitScale).ToArray())];
    }

    private void Add(double[][] x, double[][] part)
    {
        for (int t = 0; t < x.Length; t++)
        {
            x[t] = [.. x[t].Select((value, i) => value + (_config.ResidualScale * part[t][i]))];
        }
    }

    /// <summary>A norm of the residual stream; one that is not there changes nothing.</summary>
    private double[][] Normalize(double[][] x, string name) => !_state.ContainsKey(name + ".weight") ? x : [.. x.Select(row =>
    {
        double mean = _config.Norm == NormKind.Rms ? 0 : row.Average();
        double scale = 1 / Math.Sqrt(row.Average(value => (value - mean) * (value - mean)) + _config.NormEpsilon);
        float[] weight = _state[name + ".weight"].ToArray();
        float[]? bias = _state.TryGetValue(name + ".bias", out Tensor? found) ? found.ToArray() : null;
        return row.Select((value, i) => ((value - mean) * scale * weight[i]) + (bias?[i] ?? 0)).ToArray();
    })];

    private double[][] Attend(int layer, double[][] x) => _config.Latent is null ? Attention(layer, x) : LatentAttention(layer, x, _config.Latent);

    private double[][] Attention(int layer, double[][] x)
    {
        string name = $"layers.{layer}.attention";
        int d = _config.HeadSize, group = _config.HeadCount / _config.KeyValueHeadCount, length = x.Length;
        bool isRotated = !_config.UnrotatedLayers.Contains(layer);
        double[][] query = Project("query"), key = Project("key"), value = [.. x.Select(row => Clip(Map($"{name}.value.weight", $"{name}.value.bias", row)))];
        float[]? sinks = _state.TryGetValue(name + ".sinks", out Tensor? found) ? found.ToArray() : null;
        int window = _config.WindowOf(layer) ?? int.MaxValue, block = _config.BlockLengthOf(layer) ?? int.MaxValue;
        double attentionScale = _config.AttentionScale ?? (1 / Math.Sqrt(d));
        double[][] output = new double[length][];
        for (int t = 0; t < length; t++)
        {
            double temperature = !isRotated && _config.Temperature is { } facts
                ? 1 + (facts.Scale * Math.Log(1 + Math.Floor((t + 1) / facts.Floor)))
                : 1;
            output[t] = new double[_config.HeadCount * d];
            for (int h = 0; h < _config.HeadCount; h++)
            {
                int g = h / group;
                var weights = new Dictionary<int, double>();
                for (int j = 0; j <= t; j++)
                {
                    if (t - j >= window || j / block != t / block)
                    {
                        continue;
                    }

                    double score = Enumerable.Range(0, d).Sum(i => query[t][(h * d) + i] * key[j][(g * d) + i]) * attentionScale * temperature;
                    weights[j] = _config.AttentionSoftCap is { } cap ? cap * Math.Tanh(score / cap) : score;
                }

                double largest = weights.Values.Max();
                double sum = weights.Values.Sum(score => Math.Exp(score - largest)) + (sinks is null ? 0 : Math.Exp(sinks[h] - largest));
                foreach ((int j, double score) in weights)
                {
                    for (int i = 0; i < d; i++)
                    {
                        output[t][(h * d) + i] += Math.Exp(score - largest) / sum * value[j][(g * d) + i];
                    }
                }
            }
        }

        return [.. output.Select(row => Map(name + ".output.weight", name + ".output.bias", row))];

        double[][] Project(string part)
        {
            QueryKeyNorm norm = _config.QueryKeyNorm;
            double[][] rows = [.. x.Select(row => Map($"{name}.{part}.weight", $"{name}.{part}.bias", row))];
            for (int t = 0; t < rows.Length; t++)
            {
                if (norm is QueryKeyNorm.PerHead or QueryKeyNorm.WholeProjection)
                {
                    rows[t] = HeadNorm(rows[t], $"{name}.{part}_norm", norm == QueryKeyNorm.PerHead ? d : rows[t].Length);
                }

                rows[t] = Clip(rows[t]);
                if (isRotated)
                {
                    Rotate(rows[t], t, length, d);
                }

                if (norm == QueryKeyNorm.PerHeadAfterRotation || (norm == QueryKeyNorm.UnweightedAfterRotation && isRotated))
                {
                    rows[t] = HeadNorm(rows[t], $"{name}.{part}_norm", d);
                }
            }

            return rows;
        }
    }

    private double[] Clip(double[] row) => _config.ClipQueryKeyValue is { } clip ? [.. row.Select(value => Math.Clamp(value, -clip, clip))] : row;

    private double[] HeadNorm(double[] row, string name, int size, float? epsilon = null)
    {
        float[]? weight = _state.TryGetValue(name + ".weight", out Tensor? found) ? found.ToArray() : null;
        return [.. row.Chunk(size).SelectMany(head =>
        {
            double scale = 1 / Math.Sqrt(head.Average(value => value * value) + (epsilon ?? _config.NormEpsilon));
            return head.Select((value, i) => value * scale * (weight?[i] ?? 1));
        })];
    }

    private void Rotate(double[] row, int position, int length, int headSize)
    {
        RotaryConfig facts = _config.Rotary;
        RopeTable table = Rotary.CreateTable(facts, headSize, _config.PositionCount);
        bool isLong = facts.Scaling == RopeScaling.LongRope && length > facts.OriginalPositionCount;
        float[] frequencies = isLong ? table.Long!.InverseFrequencies.ToArray() : table.InverseFrequencies.ToArray();
        double factor = isLong ? facts.LongMScale ?? table.Long!.AttentionFactor : facts.ShortMScale ?? table.AttentionFactor;
        int count = frequencies.Length;
        for (int head = 0; head < row.Length; head += headSize)
        {
            for (int i = 0; i < count; i++)
            {
                (int a, int b) = facts.IsInterleaved ? (head + (2 * i), head + (2 * i) + 1) : (head + i, head + i + count);
                double cos = Math.Cos(position * (double)frequencies[i]) * factor, sin = Math.Sin(position * (double)frequencies[i]) * factor;
                (row[a], row[b]) = ((row[a] * cos) - (row[b] * sin), (row[b] * cos) + (row[a] * sin));
            }
        }
    }

    private double[] Experts(string name, double[] x)
    {
        ExpertsConfig facts = _config.Experts!;
        double[] result = new double[x.Length];
        foreach ((int expert, double weight) in ReferenceRouting.Choose(
            facts, Map(name + ".router.weight", name + ".router.bias", x),
            _state.TryGetValue(name + ".router.expert_bias", out Tensor? bias) ? bias.ToArray() : null))
        {
            double[] input = facts.WeighsInput ? [.. x.Select(value => value * weight)] : x;
            double[] output = Gated(
                Stack("gate_projection", input), Stack("up_projection", input), inside => Stack("down_projection", inside), facts);
            for (int i = 0; i < result.Length; i++)
            {
                result[i] += (facts.WeighsInput ? 1 : weight) * output[i];
            }

            double[] Stack(string part, double[] row)
            {
                Tensor matrix = _state[$"{name}.experts.{part}"].Slice(expert);
                float[]? offsets = _state.TryGetValue($"{name}.experts.{part}_bias", out Tensor? found) ? found.Row(expert).ToArray() : null;
                return Multiply(matrix, offsets, row);
            }
        }

        if (facts.SharedIntermediateSize > 0)
        {
            double[] shared = FeedForward(name + ".shared", x);
            double factor = facts.IsSharedGated ? Sigmoid(Map(name + ".shared.sigmoid_projection.weight", "", x)[0]) : 1;
            for (int i = 0; i < result.Length; i++)
            {
                result[i] += factor * shared[i];
            }
        }

        return result;
    }

    private double[] FeedForward(string name, double[] x) => Gated(
        Map(name + ".gate_projection.weight", name + ".gate_projection.bias", x),
        Map(name + ".up_projection.weight", name + ".up_projection.bias", x),
        inside => Map(name + ".down_projection.weight", name + ".down_projection.bias", inside), null);

    private double[] Gated(double[] a, double[] b, Func<double[], double[]> down, ExpertsConfig? facts) => down([.. a.Select((value, i) =>
    {
        if (facts?.Clamp is { } clamp)
        {
            double low = Math.Min(value, clamp.Limit);
            return (Math.Clamp(b[i], -clamp.Limit, clamp.Limit) + 1) * low * Sigmoid(clamp.Alpha * low);
        }

        return b[i] * (_config.Activation == Activation.Silu
            ? value * Sigmoid(value)
            : 0.5 * value * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (value + (0.044715 * value * value * value)))));
    })]);

    private double[] Map(string weight, string bias, double[] x) =>
        Multiply(_state[weight], _state.TryGetValue(bias, out Tensor? found) ? found.ToArray() : null, x);

    private static double[] Multiply(Tensor matrix, float[]? bias, double[] x)
    {
        double[] result = new double[matrix.Rows];
        for (int row = 0; row < result.Length; row++)
        {
            ReadOnlySpan<float> weights = matrix.Row(row);
            result[row] = bias?[row] ?? 0;
            for (int i = 0; i < x.Length; i++)
            {
                result[row] += weights[i] * x[i];
            }
        }

        return result;
    }

    internal static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));
}
