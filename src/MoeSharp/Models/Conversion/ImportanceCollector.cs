using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Models.Conversion;

/// <summary>Runs a model over calibration text and adds up what its weights are multiplied with.</summary>
public sealed class ImportanceCollector : IProductObserver
{
    private readonly Dictionary<string, Importance.Sums> _sums = new(StringComparer.Ordinal);

    private ImportanceCollector()
    {
    }

    /// <summary>Gathers the importance of all columns.</summary>
    /// <param name="decoder">The model, in any format.</param>
    /// <param name="ids">The text, at least one token; read in pieces of <see cref="CalibrationText.PieceLength"/> that do not see one another.</param>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    /// <param name="progress">Hears tokens read, and all tokens.</param>
    /// <param name="cancellation">Ends between pieces.</param>
    /// <exception cref="ArgumentException">There are no tokens, or one is not in the vocabulary.</exception>
    public static Importance Run(
        Decoder decoder,
        ReadOnlyMemory<int> ids,
        Workers? workers = null,
        IProgress<(int Done, int Total)>? progress = null,
        CancellationToken cancellation = default)
    {
        var collector = new ImportanceCollector();
        CalibrationText.Read(decoder, ids, workers, collector, null, progress, cancellation);
        return new Importance(collector._sums, ids.Length);
    }

    /// <inheritdoc/>
    public void Observe(Parameter weight, Tensor input, Indices? offsets)
    {
        int columns = input.Columns, experts = offsets is null ? 1 : offsets.Length - 1;
        if (!_sums.TryGetValue(weight.Name, out Importance.Sums? sums))
        {
            _sums.Add(weight.Name, sums = new Importance.Sums(experts, columns));
        }

        for (int expert = 0; expert < experts; expert++)
        {
            int first = offsets is null ? 0 : offsets[expert], last = offsets is null ? input.Rows : offsets[expert + 1];
            Span<double> squares = sums.Squares.AsSpan(expert * columns, columns), values = sums.Values.AsSpan(expert * columns, columns);
            for (int row = first; row < last; row++)
            {
                ReadOnlySpan<float> x = input.Row(row);
                for (int k = 0; k < x.Length; k++)
                {
                    squares[k] += (double)x[k] * x[k];
                    values[k] += x[k];
                }
            }

            sums.Rows[expert] += last - first;
        }
    }
}
