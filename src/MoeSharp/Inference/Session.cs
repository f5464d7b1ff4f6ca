using MoeSharp.Experts.Routing;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;

namespace MoeSharp.Inference;

/// <summary>One text being read and continued: its key-value cache, and the memory of a step.</summary>
/// <remarks>
/// <para>The result does not depend on how a text is cut into calls, bit for bit. A step of one token allocates nothing on the
/// managed heap once the session is warm.</para>
/// <para>Belongs to one thread at a time; sessions of one model may run side by side.</para>
/// </remarks>
public sealed class Session : IDisposable
{
    private const int DefaultChunk = 512;

    private readonly Decoder _decoder;
    private readonly TensorScope _scope;
    private readonly SequenceLayout _layout = new();
    private readonly KeyValueCache[] _caches;
    private readonly Indices _lastRow = Indices.Uninitialized(1);
    private readonly ForwardOptions _lastOnly;
    private readonly ForwardOptions _without;
    private readonly ForwardOptions _each;
    private readonly IInferenceObserver? _observer;
    private readonly float[] _logits;
    private float[] _logitsOfEach = [];
    private int _eachCount;
    private readonly List<int>? _history; // kept where a text that grows long must be read again
    private readonly ForwardOptions _unobserved;
    private bool _isLong;

    /// <summary>Starts an empty text.</summary>
    /// <param name="decoder">The model; no router may depend on the batch.</param>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    /// <param name="cacheType">How keys and values are kept.</param>
    /// <param name="capacity">Positions to reserve room for.</param>
    /// <param name="observer">Sees every step; null for nobody.</param>
    /// <param name="experts">Experts to leave out; null for none.</param>
    /// <exception cref="ArgumentException">A router's choice for a token depends on other tokens, or the model has not as many experts
    /// as <paramref name="experts"/> asks for.</exception>
    /// <exception cref="ConfigException"><paramref name="experts"/> is out of range.</exception>
    public Session(
        Decoder decoder,
        Workers? workers = null,
        DType cacheType = DType.F32,
        int capacity = 256,
        IInferenceObserver? observer = null,
        ExpertReduction? experts = null)
    {
        if (decoder.DependsOnBatch)
        {
            throw new ArgumentException(
                "session: a router of this model looks at the whole batch (capacity, priority or expert choice), so a token's result "
                + "would depend on its company. Generate with a router that looks at one token at a time.", nameof(decoder));
        }

        experts ??= ExpertReduction.None;
        experts.Validate().ThrowUnlessFits(decoder.ChosenExpertCount);
        _decoder = decoder;
        _observer = observer;
        _scope = new TensorScope(workers: workers);
        _caches = [decoder.CreateCache(Math.Min(capacity, decoder.Config.PositionCount), cacheType)];
        _logits = new float[decoder.Config.VocabularySize];
        _history = decoder.LongRotationAfter is null ? null : new List<int>(capacity);
        var routing = new RoutingContext { IsCausal = true, MeasuresBalance = false, Observer = observer, Intervention = experts.IsNone ? null : experts };
        _each = new ForwardOptions { Routing = routing, Observer = observer };
        _unobserved = new ForwardOptions
        {
            Routing = new RoutingContext { IsCausal = true, MeasuresBalance = false, Intervention = routing.Intervention },
            SkipsLogits = true,
        };
        _lastOnly = new ForwardOptions { Routing = routing, Observer = observer, LogitRows = observer is null ? _lastRow : null };
        _without = new ForwardOptions { Routing = routing, Observer = observer, SkipsLogits = observer is null };
    }

    /// <summary>Tokens read so far.</summary>
    public int Length => _caches[0].Length;

    /// <summary>Positions that are left.</summary>
    public int Remaining => _decoder.Config.PositionCount - Length;

    /// <summary>Logits <c>[V]</c> after the last token read; undefined before the first.</summary>
    public ReadOnlySpan<float> Logits => _logits;

    /// <summary>Reads tokens, and leaves the logits of the next one in <see cref="Logits"/>.</summary>
    /// <param name="ids">Token ids; at least one.</param>
    /// <param name="chunk">The most tokens that are run at once; results do not depend on it.</param>
    /// <param name="cancellation">Ends between chunks; what was read until then stays read.</param>
    /// <exception cref="ArgumentException">There are no tokens, one is not in the vocabulary, or they are more than positions are left.</exception>
    public void Read(ReadOnlySpan<int> ids, int chunk = DefaultChunk, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunk, 1);
        int total = CheckedTotal(ids);
        ReadAgainWhereRotationChanges(total, chunk, cancellation);
        for (int start = 0; start < ids.Length; start += chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<int> part = ids.Slice(start, Math.Min(chunk, ids.Length - start));
            Step(part, total, start + part.Length == ids.Length ? _lastOnly : _without);
        }
    }

    /// <summary>Reads tokens in one pass, and leaves the logits after each of them in <see cref="LogitsAfter"/>.</summary>
    /// <remarks>The logits are those of reading the tokens one by one, bit for bit.</remarks>
    /// <param name="ids">A few token ids; at least one.</param>
    /// <exception cref="ArgumentException">As <see cref="Read"/>.</exception>
    public void ReadEach(ReadOnlySpan<int> ids)
    {
        int total = CheckedTotal(ids);
        ReadAgainWhereRotationChanges(total, DefaultChunk, default);
        Step(ids, total, _each);
    }

    /// <summary>Logits <c>[V]</c> after a token of the last <see cref="ReadEach"/>.</summary>
    /// <param name="index">Which token of those read together, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The last reading had no such token, or was no <see cref="ReadEach"/>.</exception>
    public ReadOnlySpan<float> LogitsAfter(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _eachCount);
        return _logitsOfEach.AsSpan(index * _logits.Length, _logits.Length);
    }

    /// <summary>Forgets all tokens from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        _caches[0].Truncate(length);
        _history?.RemoveRange(Length, _history.Count - Length);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _scope.Dispose();

    /// <summary>The most tokens that may be read on trial: none of them may turn a short text into a long one, whose keys are rotated
    /// otherwise.</summary>
    internal int RoomForGuesses => _decoder.LongRotationAfter is { } after && Length < after ? Math.Min(Remaining, after - Length) : Remaining;

    /// <summary>Forgets the last tokens, which were read on trial.</summary>
    internal void TakeBack(int count)
    {
        Truncate(Length - count);
        _observer?.ObserveTakingBack(count);
    }

    /// <summary>Tokens of the text once these are read.</summary>
    private int CheckedTotal(ReadOnlySpan<int> ids)
    {
        if (ids.IsEmpty)
        {
            throw new ArgumentException("session: there are no tokens to read. Give at least one.", nameof(ids));
        }

        if (ids.Length > Remaining)
        {
            throw new ArgumentException(
                $"session: the text has {Length + ids.Length} tokens, and the model's longest position allows "
                + $"{_decoder.Config.PositionCount}. Shorten the text.", nameof(ids));
        }

        return Length + ids.Length;
    }

    /// <summary>Keys of the cache are rotated for short or for long texts; a text that becomes the other kind is read from its start.</summary>
    private void ReadAgainWhereRotationChanges(int total, int chunk, CancellationToken cancellation)
    {
        bool isLong = total > _decoder.LongRotationAfter;
        if (_history is { Count: > 0 } && isLong != _isLong)
        {
            int[] ids = [.. _history];
            Truncate(0);
            _isLong = isLong;
            for (int start = 0; start < ids.Length; start += chunk)
            {
                cancellation.ThrowIfCancellationRequested();
                Step(ids.AsSpan(start, Math.Min(chunk, ids.Length - start)), total, _unobserved);
            }
        }

        _isLong = isLong;
    }

    private void Step(ReadOnlySpan<int> part, int total, ForwardOptions options)
    {
        int past = Length;
        _layout.Clear();
        _layout.Add(part.Length, past, total);
        _lastRow[0] = part.Length - 1;
        try
        {
            Indices ids = _scope.NewIndices(part.Length);
            part.CopyTo(ids.Span);
            DecoderOutput output = _decoder.Forward(_scope, ids, _layout, options, _caches);
            if (output.Logits is { } logits)
            {
                _observer?.ObserveLogits(logits);
                logits.Row(logits.Rows - 1).CopyTo(_logits);
                KeepEach(options == _each ? logits : null);
            }

            _history?.AddRange(part);
        }
        catch
        {
            _caches[0].Truncate(past); // some layers may have the tokens already
            throw;
        }
        finally
        {
            _scope.Reset();
        }
    }

    private void KeepEach(Tensor? logits)
    {
        _eachCount = logits?.Rows ?? 0;
        if (logits is not null)
        {
            if (_logitsOfEach.Length < logits.Length)
            {
                _logitsOfEach = new float[logits.Length];
            }

            logits.Span.CopyTo(_logitsOfEach);
        }
    }
}
