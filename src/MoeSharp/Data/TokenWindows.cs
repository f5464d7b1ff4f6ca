using MoeSharp.Tensors;

namespace MoeSharp.Data;

/// <summary>Cuts rows out of a stream of documents.</summary>
internal sealed class TokenWindows
{
    private readonly TokenCorpus _corpus;
    private readonly int[] _starts;

    /// <summary>Windows over a corpus.</summary>
    public TokenWindows(TokenCorpus corpus)
    {
        _corpus = corpus;
        _starts = [.. corpus.Documents.Select(document => document.Start)];
    }

    /// <summary>A batch of rows, each given by its first token and its length.</summary>
    public TokenBatch Batch(ReadOnlySpan<(int Start, int Length)> rows)
    {
        int count = 0;
        foreach ((int _, int length) in rows)
        {
            count += length;
        }

        var inputs = new int[count];
        var targets = new int[count];
        var layout = new SequenceLayout();
        int at = 0;
        foreach ((int start, int length) in rows)
        {
            Fill(start, length, inputs.AsSpan(at, length), targets.AsSpan(at, length), layout);
            at += length;
        }

        return new TokenBatch(inputs, targets, layout);
    }

    private void Fill(int start, int length, Span<int> inputs, Span<int> targets, SequenceLayout layout)
    {
        ReadOnlySpan<int> tokens = _corpus.Tokens;
        tokens.Slice(start, length).CopyTo(inputs);

        // The document that holds the first token; then one sequence per document met.
        int found = Array.BinarySearch(_starts, start);
        int document = found >= 0 ? found : ~found - 1;
        int end = start + length;
        for (int from = start; from < end; document++)
        {
            int documentEnd = document + 1 < _starts.Length ? _starts[document + 1] : tokens.Length;
            int to = Math.Min(end, documentEnd);
            for (int index = from; index < to; index++)
            {
                targets[index - start] = index + 1 < documentEnd ? tokens[index + 1] : -1;
            }

            layout.Add(to - from);
            from = to;
        }
    }
}
