using System.Globalization;
using MoeSharp.Analysis.Planning;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Speed;

/// <summary>Measures how fast a loaded model reads a prompt and generates, beside what the machine allows.</summary>
/// <remarks>
/// <para>Prompt: operations are 2 × active matrix elements (without embedding and head) × tokens, a share of the int8 peak; of the float32
/// peak where matrices are multiplied in float32.</para>
/// <para>Decode: bytes a token are the weights it touches as they are stored (head included, one row of the embedding) and the keys and
/// values it sees, a share of the memory's bandwidth. Of several sequences together each expert counts once a step.</para>
/// <para>Experts are those of random tokens. Every measurement runs itself warm first. Not safe for concurrent use.</para>
/// </remarks>
public sealed class ModelSpeed
{
    private const double WarmSeconds = 1;
    private const int MostWarmRuns = 300;

    private readonly Decoder _decoder;
    private readonly Workers _workers;
    private readonly SpeedOptions _options;
    private readonly ModelCost _cost;
    private readonly CancellationToken _cancellation;
    private readonly bool _isFloat;
    private double? _shallowSeconds; // of a token at the shallow depth

    /// <summary>Prepares.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="options">How to measure; null for the defaults.</param>
    /// <param name="cancellation">Ends it between steps.</param>
    public ModelSpeed(Decoder decoder, Workers workers, SpeedOptions? options = null, CancellationToken cancellation = default)
    {
        _decoder = decoder;
        _workers = workers;
        _options = options ?? new SpeedOptions();
        _cancellation = cancellation;
        _cost = new ModelCost(decoder);
        double coded = decoder.Parameters.Where(parameter => parameter.Packed is { IsExact: false }).Sum(parameter => (double)parameter.Shape.Length);
        _isFloat = coded < decoder.Parameters.Sum(parameter => (double)parameter.Shape.Length) / 2;
    }

    /// <summary>Bytes of all weights.</summary>
    public long WeightBytes => _cost.WeightBytes;

    /// <summary>Bytes of weights by the name of their format.</summary>
    public IReadOnlyDictionary<string, long> BytesByFormat
    {
        get
        {
            var bytes = new SortedDictionary<string, long>(StringComparer.Ordinal);
            foreach (Parameter parameter in _decoder.Parameters)
            {
                string format = parameter.Packed is { } packed ? packed.Format?.Name ?? "mixed" : BlockFormats.F32.Name;
                bytes[format] = bytes.GetValueOrDefault(format) + (parameter.Packed?.ByteLength ?? sizeof(float) * parameter.Shape.Length);
            }

            return bytes;
        }
    }

    /// <summary>What is predicted of this model.</summary>
    public SpeedPrediction Predict(MachineSpeed machine)
    {
        IReadOnlyList<PlannedWeight> weights = PlannedWeight.ListOf(_decoder.Config);
        BlockFormat Of(PlannedWeight weight) => _decoder.FindParameter(weight.Parameter)?.Packed?.FormatOf(0) ?? BlockFormats.F32;
        return SpeedModel.Predict(
            _decoder.Config, weights, Of, machine, SpeedOptions.ShallowDepth + (_options.DecodeTokens / 2), _options.Prompt);
    }

    /// <summary><c>prefill</c>: tokens a second of a prompt.</summary>
    public SpeedMeasure Prefill()
    {
        int count = Math.Min(_options.Prompt, _decoder.Config.PositionCount);
        using var step = new SpeedStep(_decoder, _workers, 1, count, _options);
        int[] ids = RandomIds(count);
        double[] seconds = Time(step, 0, counts => step.Run(ids, counts));
        double perToken = 2.0 * _cost.ActiveElementsIn(step.Tally);
        double[] speeds = [.. seconds.Select(time => count / time)];
        double median = count / SpeedMeasure.MedianOf(speeds), bytes = _cost.StepBytes(count, layer => step.Tally.TouchedIn(layer));
        double gops = perToken * count / median / 1e9;
        return new SpeedMeasure
        {
            Name = "prefill",
            Unit = "tokens/s",
            Values = speeds,
            Peak = PeakName(_isFloat ? "float32Gflops" : "int8Gops"),
            Rate = gops,
            Gops = gops,
            OperationsPerByte = perToken * count / bytes,
            Facts = new Dictionary<string, double> { ["tokens"] = count, ["bytes"] = bytes, ["operationsPerToken"] = perToken },
        };
    }

    /// <summary><c>decode</c>: tokens a second of one sequence with a short past.</summary>
    public SpeedMeasure Decode() => Decode("decode", SpeedOptions.ShallowDepth, 1);

    /// <summary><c>decode.depth4096</c>: the same with a long past, and what that costs.</summary>
    /// <param name="depth">Keys of the past, no more than the model has positions for.</param>
    /// <param name="peaks">The machine, to say what the extra time may be.</param>
    public SpeedMeasure DecodeAt(int depth, MachinePeaks peaks)
    {
        int reached = Math.Min(depth, _decoder.Config.PositionCount - _options.DecodeTokens);
        _shallowSeconds ??= 1 / Decode().Value;
        SpeedMeasure deep = Decode($"decode.depth{reached.ToString(CultureInfo.InvariantCulture)}", reached, 1);

        // The floor: the keys and values between both depths at the speed of memory, or their products at 0.6 of the float32 peak.
        KeyValueCache cache = _decoder.CreateCache(64, _options.CacheType);
        double more = _cost.CacheBytes(cache, reached) - _cost.CacheBytes(cache, SpeedOptions.ShallowDepth);
        double operations = _cost.AttentionOperations(reached) - _cost.AttentionOperations(SpeedOptions.ShallowDepth);
        double floor = Math.Max(
            more / (peaks.BandwidthGBs.For(_workers.Count) * 1e9), operations / (0.6e9 * peaks.Float32Gflops.For(_workers.Count)));
        double extra = (1 / deep.Value) - _shallowSeconds.Value;
        return deep with
        {
            Facts = new Dictionary<string, double>(deep.Facts)
            {
                ["extraSeconds"] = extra,
                ["floorSeconds"] = floor,
                ["extraOverFloor"] = extra / floor,
            },
        };
    }

    /// <summary><c>decode.batch8</c>: tokens a second of several sequences together, one token of each a step.</summary>
    /// <param name="sequences">How many.</param>
    public SpeedMeasure DecodeTogether(int sequences) =>
        Decode($"decode.batch{sequences.ToString(CultureInfo.InvariantCulture)}", SpeedOptions.ShallowDepth, sequences);

    private SpeedMeasure Decode(string name, int depth, int sequences)
    {
        int tokens = _options.DecodeTokens;
        depth = Math.Clamp(depth, 0, Math.Max(0, _decoder.Config.PositionCount - tokens));
        using var step = new SpeedStep(_decoder, _workers, sequences, depth + tokens, _options);
        step.Fill(depth);
        int[] ids = RandomIds(tokens * sequences);
        double[] seconds = Time(step, depth, counts =>
        {
            for (int token = 0; token < tokens; token++)
            {
                _cancellation.ThrowIfCancellationRequested();
                step.Run(ids.AsSpan(token * sequences, sequences), counts);
            }
        });

        double[] speeds = [.. seconds.Select(time => tokens * sequences / time)];
        double keys = depth + ((tokens + 1) / 2.0), median = sequences / SpeedMeasure.MedianOf(speeds);
        double weights = _cost.StepBytes(sequences, layer => (double)step.Tally.TouchedIn(layer) / tokens);
        double cache = sequences * _cost.CacheBytes(step.Cache, keys), bytes = weights + cache;
        double operations = sequences * ((2.0 * (_cost.ActiveElementsIn(step.Tally) + _cost.HeadElements)) + _cost.AttentionOperations(keys));
        var facts = new Dictionary<string, double> { ["depth"] = depth, ["bytesPerToken"] = bytes / sequences, ["cacheBytesPerToken"] = cache / sequences };
        if (_decoder.Config.Experts is not null)
        {
            int layers = Enumerable.Range(0, _decoder.Config.LayerCount).Count(_decoder.Config.HasExperts);
            facts["expertsTouched"] = Enumerable.Range(0, _decoder.Config.LayerCount).Sum(step.Tally.TouchedIn) / (double)(layers * tokens);
        }

        if (sequences == 1 && depth == SpeedOptions.ShallowDepth)
        {
            _shallowSeconds = median;
        }

        return new SpeedMeasure
        {
            Name = name,
            Unit = "tokens/s",
            Values = speeds,
            Peak = PeakName("bandwidthGBs"),
            Rate = bytes / median / 1e9,
            Gops = operations / median / 1e9,
            OperationsPerByte = operations / bytes,
            Facts = facts,
        };
    }

    // The first run counts experts; more follow until code and caches are warm.
    private double[] Time(SpeedStep step, int depth, Action<bool> run)
    {
        double spent = BestTime.Once(() => run(true));
        for (int i = 0; i < MostWarmRuns && (i == 0 || spent < WarmSeconds); i++)
        {
            step.Truncate(depth);
            spent += BestTime.Once(() => run(false));
        }

        double[] seconds = new double[_options.Repeats];
        for (int i = 0; i < seconds.Length; i++)
        {
            _cancellation.ThrowIfCancellationRequested();
            step.Truncate(depth);
            seconds[i] = BestTime.Once(() => run(false), _options.ProcessorTime);
        }

        return seconds;
    }

    private int[] RandomIds(int count)
    {
        var rng = new Rng(5);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = rng.NextInt(_decoder.Config.VocabularySize);
        }

        return ids;
    }

    private string PeakName(string peak) => _workers.Count == 1 ? peak + ".t1" : peak + ".t2";
}
