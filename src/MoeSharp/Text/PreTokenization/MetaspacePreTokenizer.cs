using System.Text;

namespace MoeSharp.Text.PreTokenization;

/// <summary>Writes spaces as a visible mark, adds one in front, and cuts before each.</summary>
/// <param name="mark">What a space becomes.</param>
/// <param name="scheme">Where one is added.</param>
/// <param name="splits">Whether words are cut apart.</param>
internal sealed class MetaspacePreTokenizer(string mark, MetaspaceScheme scheme, bool splits) : IPreTokenizer
{
    private readonly byte[] _mark = Encoding.UTF8.GetBytes(mark);

    /// <summary>What a space becomes.</summary>
    public string Mark { get; } = mark;

    /// <summary>Where one is added.</summary>
    public MetaspaceScheme Scheme { get; } = scheme;

    /// <summary>Whether words are cut apart.</summary>
    public bool Splits { get; } = splits;

    /// <inheritdoc/>
    public void Split(PieceList pieces)
    {
        pieces.ReplaceSpaces(_mark, Scheme);
        if (!Splits)
        {
            return;
        }

        for (int index = 0; index < pieces.Count; index++)
        {
            ReadOnlySpan<byte> piece = pieces[index];
            int start = 0;
            while (start < piece.Length)
            {
                // A mark begins a word, so the search starts behind it.
                int from = piece[start..].StartsWith(_mark) ? start + _mark.Length : start;
                int step = piece[from..].IndexOf(_mark);
                int end = step < 0 ? piece.Length : from + step;
                pieces.Keep(index, start, end);
                start = end;
            }
        }

        pieces.Commit();
    }
}
