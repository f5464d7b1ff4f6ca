using MoeSharp.Tensors;

namespace MoeSharp.Inference.Sampling;

/// <summary>Chooses tokens for one text, by one set of options.</summary>
/// <remarks>
/// <para>Random numbers are a function of the seed and of how many tokens were drawn, so a text can be repeated. Probabilities are
/// summed in double, in a fixed order; equal logits go to the lower id.</para>
/// <para>Allocates nothing after construction. Belongs to one text; not safe for concurrent use.</para>
/// <para>Source: top-p Holtzman et al. 2019, arXiv:1904.09751; min-p Nguyen et al. 2024, arXiv:2407.01082; repetition penalty Keskar et
/// al. 2019, arXiv:1909.05858.</para>
/// </remarks>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly Rng _rng;
    private readonly float[] _scores;
    private readonly double[] _weights;
    private readonly ulong[] _keys;
    private readonly bool[] _occurred;
    private readonly bool _isSorted;

    /// <summary>Starts a text.</summary>
    /// <param name="options">The rules.</param>
    /// <param name="vocabularySize">V.</param>
    /// <exception cref="ConfigException">The options have faults.</exception>
    public Sampler(SamplingOptions options, int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        _options = options.Validate();
        _rng = new Rng(options.Seed);
        _scores = new float[vocabularySize];
        _weights = new double[vocabularySize];
        _occurred = new bool[vocabularySize];
        _isSorted = options.TopK > 0 || options.TopP < 1 || options.MinP > 0;
        _keys = new ulong[_isSorted ? vocabularySize : 0];
    }

    /// <summary>Tells the sampler about tokens of the prompt, for the repetition penalty.</summary>
    public void Accept(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            _occurred[id] = true;
        }
    }

    /// <summary>Chooses the next token, and remembers it.</summary>
    /// <param name="logits">Logits <c>[V]</c>; not changed.</param>
    /// <exception cref="ArgumentException">The count of logits is not V.</exception>
    /// <exception cref="InvalidOperationException">A logit is not a number.</exception>
    public int Next(ReadOnlySpan<float> logits)
    {
        if (logits.Length != _scores.Length)
        {
            throw new ArgumentException(
                $"sampler: got {logits.Length} logits. The vocabulary has {_scores.Length} tokens.", nameof(logits));
        }

        logits.CopyTo(_scores);
        Penalise();
        int best = FindBest();
        int id = _options.Temperature == 0 ? best : Draw(_scores[best]);
        _occurred[id] = true;
        return id;
    }

    private void Penalise()
    {
        float penalty = _options.RepetitionPenalty;
        if (penalty == 1)
        {
            return;
        }

        for (int id = 0; id < _scores.Length; id++)
        {
            if (_occurred[id])
            {
                _scores[id] = _scores[id] > 0 ? _scores[id] / penalty : _scores[id] * penalty;
            }
        }
    }

    private int FindBest()
    {
        int best = 0;
        for (int id = 0; id < _scores.Length; id++)
        {
            if (float.IsNaN(_scores[id]))
            {
                throw new InvalidOperationException(
                    $"sampler: the logit of token {id} is not a number. The weights are damaged, or an activation overflowed.");
            }

            if (_scores[id] > _scores[best])
            {
                best = id;
            }
        }

        return best;
    }

    private int Draw(float highest)
    {
        double sum = 0;
        if (!_isSorted)
        {
            for (int id = 0; id < _scores.Length; id++)
            {
                sum += _weights[id] = Weight(_scores[id], highest);
            }

            return Pick(_weights, sum);
        }

        // Falling scores, equal scores by rising id: one key holds both.
        for (int id = 0; id < _scores.Length; id++)
        {
            _keys[id] = ((ulong)~Rising(_scores[id]) << 32) | (uint)id;
        }

        Array.Sort(_keys);
        int count = _options.TopK > 0 ? Math.Min(_options.TopK, _keys.Length) : _keys.Length;
        for (int i = 0; i < count; i++)
        {
            sum += _weights[i] = Weight(_scores[(uint)_keys[i]], highest);
        }

        count = KeepTopP(count, ref sum);
        count = KeepMinP(count, ref sum);
        return (int)(uint)_keys[Pick(_weights.AsSpan(0, count), sum)];
    }

    private int KeepTopP(int count, ref double sum)
    {
        if (_options.TopP >= 1)
        {
            return count;
        }

        double target = sum * _options.TopP, reached = 0;
        int kept = 0;
        while (kept < count && (kept == 0 || reached < target))
        {
            reached += _weights[kept++];
        }

        sum = reached;
        return kept;
    }

    private int KeepMinP(int count, ref double sum)
    {
        int kept = count;
        while (kept > 1 && _weights[kept - 1] < _options.MinP * _weights[0])
        {
            kept--;
        }

        if (kept < count)
        {
            sum = 0;
            for (int i = 0; i < kept; i++)
            {
                sum += _weights[i];
            }
        }

        return kept;
    }

    // One minus the uniform number lies in (0, 1], so a token of weight zero is never picked.
    private int Pick(ReadOnlySpan<double> weights, double total)
    {
        double target = (1 - _rng.NextDouble()) * total, reached = 0;
        int last = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] > 0)
            {
                reached += weights[i];
                last = i;
                if (reached >= target)
                {
                    break;
                }
            }
        }

        return last;
    }

    private double Weight(float score, float highest) => Math.Exp(((double)score - highest) / _options.Temperature);

    /// <summary>Bits that rise with the number; both zeros are one.</summary>
    private static uint Rising(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value == 0 ? 0f : value);
        return (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
    }
}
