using MoeSharp.Text;

namespace MoeSharp.Analysis.Scoring;

/// <summary>How well a model predicts a text.</summary>
/// <param name="TokenCount">Tokens that counted.</param>
/// <param name="ByteCount">Bytes of text in them; 0 where there is no tokenizer.</param>
/// <param name="Nats">Sum of their negative log-probabilities.</param>
/// <param name="SquaredNats">Sum of the squares, for the standard error.</param>
public sealed record ScoredText(long TokenCount, long ByteCount, double Nats, double SquaredNats)
{
    /// <summary>Mean negative log-probability a token, in nats.</summary>
    public double MeanNats => Nats / TokenCount;

    /// <summary>e to the mean.</summary>
    public double Perplexity => Math.Exp(MeanNats);

    /// <summary>Standard error of the perplexity, tokens taken as independent.</summary>
    public double StandardError =>
        TokenCount < 2 ? 0 : Perplexity * Math.Sqrt(Math.Max(0, (SquaredNats / TokenCount) - (MeanNats * MeanNats)) / (TokenCount - 1));

    /// <summary>Bits for each byte of text: what models of different tokenizers can be compared by; 0 where bytes are not known.</summary>
    public double BitsPerByte => ByteCount == 0 ? 0 : Nats / Math.Log(2) / ByteCount;

    /// <summary>Bytes of the tokens that count.</summary>
    internal static long CountBytes(Tokenizer? tokenizer, ReadOnlySpan<int> ids, IReadOnlyList<TextWindow> windows)
    {
        long bytes = 0;
        foreach (TextWindow window in windows)
        {
            for (int i = window.FirstScored; tokenizer is not null && i < window.Length; i++)
            {
                int id = ids[window.Start + i];
                bytes += tokenizer.IsSpecial(id) ? 0 : tokenizer.BytesOf(id).Length;
            }
        }

        return bytes;
    }
}
