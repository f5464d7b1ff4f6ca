using MoeSharp.Text.Normalization;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.PreTokenization;

/// <summary>A text and the pieces it has been cut into so far, in order.</summary>
internal sealed class PieceList
{
    private byte[] _text = [];
    private int _length;
    private bool _beginsText;
    private List<(int Start, int Length)> _pieces = [];
    private List<(int Start, int Length)> _cuts = [];

    /// <summary>Choices of the patterns run on this list.</summary>
    public BacktrackStack Stack { get; } = new();

    /// <summary>Bytes of text there is room for.</summary>
    public int Capacity => _text.Length;

    /// <summary>Number of pieces.</summary>
    public int Count => _pieces.Count;

    /// <summary>One piece.</summary>
    public ReadOnlySpan<byte> this[int index] => _text.AsSpan(_pieces[index].Start, _pieces[index].Length);

    /// <summary>Starts over with one piece, the whole of <paramref name="text"/> (copied).</summary>
    /// <param name="text">The piece.</param>
    /// <param name="beginsText">Whether the text that a caller gave begins here, and not behind a token.</param>
    public void Reset(ReadOnlySpan<byte> text, bool beginsText = true)
    {
        _beginsText = beginsText;
        if (_text.Length < text.Length)
        {
            _text = new byte[Math.Max(text.Length, 2 * _text.Length)];
        }

        text.CopyTo(_text);
        _length = text.Length;
        _pieces.Clear();
        if (text.Length > 0)
        {
            _pieces.Add((0, text.Length));
        }
    }

    /// <summary>Keeps a part of the piece <paramref name="index"/>; empty parts vanish. Call in order, then <see cref="Commit"/>.</summary>
    public void Keep(int index, int start, int end)
    {
        if (end > start)
        {
            _cuts.Add((_pieces[index].Start + start, end - start));
        }
    }

    /// <summary>The parts kept become the pieces.</summary>
    public void Commit()
    {
        (_pieces, _cuts) = (_cuts, _pieces);
        _cuts.Clear();
    }

    /// <summary>Puts one byte before every piece that does not begin with it.</summary>
    public void Prefix(byte value)
    {
        var text = new List<byte>(_length + _pieces.Count);
        foreach ((int start, int length) in _pieces)
        {
            int from = text.Count;
            if (_text[start] != value)
            {
                text.Add(value);
            }

            text.AddRange(_text.AsSpan(start, length));
            _cuts.Add((from, text.Count - from));
        }

        _text = [.. text];
        _length = text.Count;
        Commit();
    }

    /// <summary>Replaces every space by a mark, and adds one before a piece that has none in front, as the scheme says.</summary>
    public void ReplaceSpaces(ReadOnlySpan<byte> mark, MetaspaceScheme scheme)
    {
        var text = new ByteBuilder(_length + (_length / 2) + 16);
        foreach ((int start, int length) in _pieces)
        {
            int from = text.Length;
            ReadOnlySpan<byte> piece = _text.AsSpan(start, length);
            bool adds = scheme == MetaspaceScheme.Always || (scheme == MetaspaceScheme.First && start == 0 && _beginsText);
            if (adds && piece[0] != ' ' && !piece.StartsWith(mark))
            {
                text.Append(mark);
            }

            while (piece.IndexOf((byte)' ') is int space and >= 0)
            {
                text.Append(piece[..space]);
                text.Append(mark);
                piece = piece[(space + 1)..];
            }

            text.Append(piece);
            _cuts.Add((from, text.Length - from));
        }

        _text = text.Written.ToArray();
        _length = text.Length;
        Commit();
    }
}
