using MoeSharp.Experts.Observation;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Models.Conversion;

/// <summary>Reads a text of any length through a model, piece by piece, with somebody watching.</summary>
public static class CalibrationText
{
    /// <summary>The most tokens that are read together.</summary>
    public const int PieceLength = 512;

    /// <summary>Counts which experts a text visits.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="ids">The text, at least one token.</param>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    /// <param name="progress">Hears tokens read, and all tokens.</param>
    /// <param name="cancellation">Ends between pieces.</param>
    /// <exception cref="ArgumentException">There are no tokens, or one is not in the vocabulary.</exception>
    public static ExpertHeat TraceHeat(
        Decoder decoder,
        ReadOnlyMemory<int> ids,
        Workers? workers = null,
        IProgress<(int Done, int Total)>? progress = null,
        CancellationToken cancellation = default)
    {
        var visits = new ExpertVisits();
        Read(decoder, ids, workers, null, visits, progress, cancellation);
        return ExpertHeat.From(visits.Counts);
    }

    internal static void Read(
        Decoder decoder,
        ReadOnlyMemory<int> ids,
        Workers? workers,
        IProductObserver? products,
        IRoutingObserver? routing,
        IProgress<(int Done, int Total)>? progress,
        CancellationToken cancellation)
    {
        if (ids.IsEmpty)
        {
            throw new ArgumentException("calibration: the text has no tokens. Give some pages of text of the kind the model will see.", nameof(ids));
        }

        var options = new ForwardOptions
        {
            Routing = new() { IsCausal = true, MeasuresBalance = false, Observer = routing },
            SkipsLogits = products is null,
        };
        int piece = Math.Min(PieceLength, decoder.Config.PositionCount);
        using var scope = new TensorScope(workers: workers) { ProductObserver = products };
        for (int start = 0; start < ids.Length; start += piece)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<int> part = ids.Span.Slice(start, Math.Min(piece, ids.Length - start));
            Indices tokens = scope.NewIndices(part.Length);
            part.CopyTo(tokens.Span);
            decoder.Forward(scope, tokens, SequenceLayout.FromLengths([part.Length]), options);
            scope.Reset();
            progress?.Report((start + part.Length, ids.Length));
        }
    }
}
