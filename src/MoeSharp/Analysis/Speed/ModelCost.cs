using System.Globalization;
using MoeSharp.Analysis.Planning;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Analysis.Speed;

/// <summary>What a step of a loaded model must at least read and compute.</summary>
/// <remarks>
/// <para>Bytes: every weight that is touched once a step, as it is stored; a row of the embedding a token; keys and values of the past.</para>
/// <para>Operations: two for each element of a matrix and token, and of attention <c>2·H·(d + dv)</c> for each query and key it sees, in the
/// absorbed form where attention is latent.</para>
/// </remarks>
internal sealed class ModelCost
{
    private readonly DecoderConfig _config;
    private readonly double[] _expertBytes; // of one expert, a layer
    private readonly double[] _expertElements;
    private readonly double _otherBytes;
    private readonly double _headBytes;
    private readonly double _embeddingRowBytes;

    public ModelCost(Decoder decoder)
    {
        _config = decoder.Config;
        _expertBytes = new double[_config.LayerCount];
        _expertElements = new double[_config.LayerCount];
        foreach (Parameter parameter in decoder.Parameters)
        {
            double bytes = BytesOf(parameter);
            WeightBytes += (long)bytes;
            switch (PlannedWeight.PartOf(parameter.Name, _config.IsTied))
            {
                case "experts":
                    int layer = int.Parse(parameter.Name.Split('.')[1], CultureInfo.InvariantCulture);
                    _expertBytes[layer] += bytes / _config.Experts!.ExpertCount;
                    _expertElements[layer] += parameter.Shape.Rank > 2 ? parameter.Shape.Length / (double)_config.Experts.ExpertCount : 0;
                    break;
                case "embedding":
                    _embeddingRowBytes += bytes / _config.VocabularySize;
                    break;
                case "head":
                    _headBytes += bytes;
                    break;
                default:
                    _otherBytes += bytes;
                    break;
            }
        }
    }

    /// <summary>Bytes of all weights.</summary>
    public long WeightBytes { get; }

    /// <summary>Elements of the matrices that a token touches, embedding and head left out.</summary>
    public long ActiveMatrixElements => _config.CountParameters().Active - HeadElements;

    /// <summary>The same where a token may have visited fewer experts than the model chooses.</summary>
    /// <param name="tally">Saw the step.</param>
    public double ActiveElementsIn(ExpertTally tally)
    {
        double elements = ActiveMatrixElements;
        for (int layer = 0; layer < _expertElements.Length; layer++)
        {
            elements -= _expertElements[layer] > 0 ? (_config.Experts!.TopK - tally.PerToken(layer)) * _expertElements[layer] : 0;
        }

        return elements;
    }

    /// <summary>Elements of the head.</summary>
    public long HeadElements => (long)_config.VocabularySize * _config.HiddenSize;

    /// <summary>Bytes that one token of decode reads of the weights.</summary>
    public double TokenBytes => StepBytes(1, layer => _config.Experts!.TopK);

    /// <summary>Bytes of weights that a step reads, each once.</summary>
    /// <param name="tokens">Tokens of the step.</param>
    /// <param name="touched">Different experts that they visit in a layer.</param>
    public double StepBytes(int tokens, Func<int, double> touched)
    {
        double bytes = _otherBytes + _headBytes + (tokens * _embeddingRowBytes);
        for (int layer = 0; layer < _expertBytes.Length; layer++)
        {
            bytes += _expertBytes[layer] > 0 ? touched(layer) * _expertBytes[layer] : 0;
        }

        return bytes;
    }

    /// <summary>Bytes of keys and values that a token with so many keys reads, itself included.</summary>
    public double CacheBytes(KeyValueCache cache, double keys)
    {
        double bytes = 0;
        for (int layer = 0; layer < cache.LayerCount; layer++)
        {
            KeyValueMemory memory = cache[layer];
            bytes += Seen(layer, keys) * memory.Bytes / memory.Capacity;
        }

        return bytes;
    }

    /// <summary>Operations of attention of a token with so many keys.</summary>
    public double AttentionOperations(double keys)
    {
        double pair = _config.Latent is { } latent ? (2.0 * latent.KeyValueRank) + latent.RotatedSize : 2.0 * _config.HeadSize;
        double operations = 0;
        for (int layer = 0; layer < _config.LayerCount; layer++)
        {
            operations += 2 * _config.HeadCount * pair * Seen(layer, keys);
        }

        return operations;
    }

    private double Seen(int layer, double keys) => _config.WindowOf(layer) is { } window ? Math.Min(keys, window) : keys;

    private static double BytesOf(Parameter parameter) => parameter.Packed?.ByteLength ?? (double)sizeof(float) * parameter.Shape.Length;
}
