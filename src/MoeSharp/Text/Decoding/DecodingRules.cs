using System.Text;
using MoeSharp.Text.Models;
using MoeSharp.Text.Normalization;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Decoding;

/// <summary>How tokens become text again. Immutable.</summary>
internal sealed record DecodingRules
{
    /// <summary>Entries are read through the byte alphabet.</summary>
    public static DecodingRules ByteLevel { get; } = new() { ReadsByteAlphabet = true };

    /// <summary>Entries are text, with a space between two.</summary>
    public static DecodingRules Words { get; } = new() { Separator = " " };

    /// <summary>Whether entries are read through the byte alphabet.</summary>
    public bool ReadsByteAlphabet { get; init; }

    /// <summary>What stands between two tokens.</summary>
    public string Separator { get; init; } = "";

    /// <summary>Texts that are replaced inside each token, in order.</summary>
    public IReadOnlyList<(string Old, string New)> Replacements { get; init; } = [];

    /// <summary>Whether an entry like <c>&lt;0x0A&gt;</c> is a byte.</summary>
    public bool ReadsBytePieces { get; init; }

    /// <summary>Text whose every occurrence the first token loses before anything else; empty for none.</summary>
    public string LostByFirstToken { get; init; } = "";

    /// <summary>The character that vanishes at the beginning of the text.</summary>
    public char Leading { get; init; } = ' ';

    /// <summary>How many of <see cref="Leading"/> vanish at most.</summary>
    public int LeadingCount { get; init; }

    /// <summary>Whether special tokens are passed over when the beginning of the text is looked for.</summary>
    public bool BeginsAfterSpecial { get; init; }

    /// <summary>Whether every byte outside UTF-8 gives one U+FFFD; else one stands for each longest beginning of a character.</summary>
    public bool FaultsByByte { get; init; }

    /// <summary>An id that decodes to something else than its entry.</summary>
    public (int Id, string Text)? Surface { get; init; }

    /// <summary>The rules of SentencePiece: marks become spaces, byte entries bytes, and spaces in front vanish as the normalizer added or removed them.</summary>
    public static DecodingRules ForPieces(SpaceRules spaces, (int Id, string Text)? surface) => new()
    {
        Replacements = [(PieceVocabulary.SpaceMark, " ")],
        ReadsBytePieces = true,
        LeadingCount = spaces.RemovesExtra ? int.MaxValue : spaces.AddsDummy ? 1 : 0,
        BeginsAfterSpecial = true,
        FaultsByByte = true,
        Surface = surface,
    };

    /// <summary>The bytes of one token, without what its neighbours and the beginning of the text change.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="token">Its entry.</param>
    /// <param name="isAdded">Whether it is an added token, which stands for its own text whatever its characters mean in the byte alphabet.</param>
    public byte[] BytesOf(int id, string token, bool isAdded)
    {
        if (Surface is (int surfaceId, string surface) && surfaceId == id)
        {
            return Encoding.UTF8.GetBytes(surface);
        }

        if (ReadsBytePieces && BytePieces.TryRead(token, out byte value))
        {
            return [value];
        }

        foreach ((string old, string replacement) in Replacements)
        {
            token = token.Replace(old, replacement, StringComparison.Ordinal);
        }

        return ReadsByteAlphabet && !isAdded && ByteAlphabet.TryRead(token, out byte[] bytes) ? bytes : Encoding.UTF8.GetBytes(token);
    }
}
