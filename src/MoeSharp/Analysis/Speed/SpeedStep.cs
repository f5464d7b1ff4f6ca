using MoeSharp.Experts.Routing;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;

namespace MoeSharp.Analysis.Speed;

/// <summary>Steps of some sequences of equal length through a model, again and again from the same depth.</summary>
/// <remarks>Work does not depend on what keys and values say, so a past of any depth is filled with random numbers. Belongs to one thread.</remarks>
internal sealed class SpeedStep : IDisposable
{
    private const int ChunkLength = 512; // as a session cuts its prompts

    private readonly Decoder _decoder;
    private readonly TensorScope _scope;
    private readonly SequenceLayout _layout = new();
    private readonly KeyValueCache[] _caches;
    private readonly Indices _lastRows;
    private readonly ForwardOptions _quiet;
    private readonly ForwardOptions _counted;
    private readonly ForwardOptions _silent;

    /// <param name="decoder">The model.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="sequences">Sequences side by side.</param>
    /// <param name="capacity">Positions to reserve room for.</param>
    /// <param name="options">How keys and values are kept, and which experts are left out.</param>
    public SpeedStep(Decoder decoder, Workers workers, int sequences, int capacity, SpeedOptions options)
    {
        options.Experts.ThrowUnlessFits(decoder.ChosenExpertCount);
        ExpertReduction? experts = options.Experts.IsNone ? null : options.Experts;
        _decoder = decoder;
        _scope = new TensorScope(workers: workers);
        _caches = [.. Enumerable.Range(0, sequences).Select(_ => decoder.CreateCache(Math.Min(capacity, decoder.Config.PositionCount), options.CacheType))];
        _lastRows = Indices.Uninitialized(sequences);
        var routing = new RoutingContext { IsCausal = true, MeasuresBalance = false, Intervention = experts };
        var counted = new RoutingContext { IsCausal = true, MeasuresBalance = false, Observer = Tally, Intervention = experts };
        _quiet = new ForwardOptions { Routing = routing, LogitRows = _lastRows };
        _silent = new ForwardOptions { Routing = routing, SkipsLogits = true };
        _counted = new ForwardOptions { Routing = counted, LogitRows = _lastRows };
    }

    /// <summary>What counted steps touched.</summary>
    public ExpertTally Tally { get; } = new();

    /// <summary>The cache of one sequence; all are alike.</summary>
    public KeyValueCache Cache => _caches[0];

    /// <summary>Gives every sequence a past.</summary>
    public void Fill(int depth)
    {
        var rng = new Rng(11);
        KeyValueCache first = _caches[0];
        for (int layer = 0; layer < first.LayerCount; layer++)
        {
            KeyValueMemory memory = first[layer];
            int rows = Math.Min(ChunkLength, depth);
            Tensor keys = Normal(rng, rows, memory.KeyValueHeadCount * memory.HeadSize);
            Tensor values = Normal(rng, rows, memory.KeyValueHeadCount * memory.ValueHeadSize);
            for (int done = 0; done + rows <= depth && rows > 0; done += rows)
            {
                memory.Append(keys, values);
            }

            for (int left = depth - memory.Length; left > 0; left = depth - memory.Length)
            {
                memory.Append(Normal(rng, left, keys.Columns), Normal(rng, left, values.Columns));
            }
        }

        foreach (KeyValueCache cache in _caches.AsSpan(1))
        {
            cache.CopyFrom(first, depth);
        }
    }

    /// <summary>Forgets everything from a depth on.</summary>
    public void Truncate(int depth)
    {
        foreach (KeyValueCache cache in _caches)
        {
            cache.Truncate(depth);
        }
    }

    /// <summary>Runs tokens of all sequences, and the head for the last of each.</summary>
    /// <param name="ids">As many for each sequence.</param>
    /// <param name="counts">True to count the experts.</param>
    public void Run(ReadOnlySpan<int> ids, bool counts = false)
    {
        if (_caches.Length == 1)
        {
            for (; ids.Length > ChunkLength; ids = ids[ChunkLength..])
            {
                Forward(ids[..ChunkLength], _silent);
            }
        }

        Forward(ids, counts ? _counted : _quiet);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _scope.Dispose();

    private void Forward(ReadOnlySpan<int> ids, ForwardOptions options)
    {
        int rows = ids.Length / _caches.Length;
        _layout.Clear();
        for (int sequence = 0; sequence < _caches.Length; sequence++)
        {
            _layout.Add(rows, _caches[sequence].Length);
            _lastRows[sequence] = ((sequence + 1) * rows) - 1;
        }

        try
        {
            Indices tokens = _scope.NewIndices(ids.Length);
            ids.CopyTo(tokens.Span);
            _decoder.Forward(_scope, tokens, _layout, options, _caches);
        }
        finally
        {
            _scope.Reset();
        }
    }

    private static Tensor Normal(Rng rng, int rows, int columns)
    {
        Tensor tensor = Tensor.Uninitialized(new TensorShape(rows, columns));
        rng.FillNormal(tensor.Span, 1);
        return tensor;
    }
}
