using MoeSharp.Formats.Gguf;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Gguf;

/// <summary>The lists of tokens that all kinds of vocabulary have, checked against each other.</summary>
internal sealed class GgufTokens
{
    private readonly GgufMetadata _metadata;

    /// <summary>Reads tokens, types and the ids that begin and end a text.</summary>
    public GgufTokens(GgufMetadata metadata, bool addsBegin, bool addsEnd, int? defaultBegin, int? defaultEnd)
    {
        _metadata = metadata;
        Texts = [.. metadata.GetTexts(GgufKeys.Tokens)];
        if (Texts.Count == 0)
        {
            throw metadata.Fault(GgufKeys.Tokens, "is empty. There must be at least one token.");
        }

        Ids = new Dictionary<string, int>(Texts.Count, StringComparer.Ordinal);
        for (int id = 0; id < Texts.Count; id++)
        {
            // Some files pad with tokens that have no text; nothing can become them.
            string text = Texts[id].Length > 0 ? Texts[id] : $"[EMPTY_{id}]";
            Texts[id] = text;
            if (!Ids.TryAdd(text, id))
            {
                throw metadata.Fault(GgufKeys.Tokens, $"has '{text}' twice, as {Ids[text]} and {id}. Tokens must differ.");
            }
        }

        int[] types = metadata.GetOptionalInts(GgufKeys.Types) ?? [.. Enumerable.Repeat((int)PieceType.Normal, Texts.Count)];
        CheckCount(GgufKeys.Types, types.Length);
        Types = [.. types.Select(type => type is >= (int)PieceType.Normal and <= (int)PieceType.Byte ? (PieceType)type : PieceType.Unused)];
        BeginId = IdOf(GgufKeys.Begin) ?? InRange(defaultBegin);
        EndId = IdOf(GgufKeys.End) ?? InRange(defaultEnd);
        Prefix = Added(GgufKeys.AddsBegin, addsBegin, GgufKeys.Begin, BeginId);
        Suffix = Added(GgufKeys.AddsEnd, addsEnd, GgufKeys.End, EndId);
    }

    /// <summary>The tokens by id.</summary>
    public List<string> Texts { get; }

    /// <summary>The ids by token.</summary>
    public Dictionary<string, int> Ids { get; }

    /// <summary>The types by id; one that is not known is unused.</summary>
    public PieceType[] Types { get; }

    /// <summary>The token that begins a text.</summary>
    public int? BeginId { get; }

    /// <summary>The token that ends a text.</summary>
    public int? EndId { get; }

    /// <summary>What is added in front.</summary>
    public IReadOnlyList<int> Prefix { get; }

    /// <summary>What is added behind.</summary>
    public IReadOnlyList<int> Suffix { get; }

    /// <summary>The tokens that are found in the text before anything else.</summary>
    public IReadOnlyList<AddedToken> AddedTokens() =>
    [
        .. from id in Enumerable.Range(0, Texts.Count)
           where Types[id] is PieceType.Control or PieceType.Unknown or PieceType.UserDefined
           select new AddedToken(id, Texts[id], IsSpecial: Types[id] != PieceType.UserDefined),
    ];

    /// <summary>An id of the file, which must be one of its tokens.</summary>
    public int? IdOf(string key) => _metadata.GetOptionalInt(key) is not int id ? null
        : InRange(id) ?? throw _metadata.Fault(key, $"is {id}, but there are {Texts.Count} tokens.");

    /// <summary>Refuses a list that does not have one element a token.</summary>
    public void CheckCount(string key, int count)
    {
        if (count != Texts.Count)
        {
            throw _metadata.Fault(key, $"has {count} elements, but there are {Texts.Count} tokens.");
        }
    }

    private int? InRange(int? id) => id >= 0 && id < Texts.Count ? id : null;

    private List<int> Added(string key, bool whenMissing, string idKey, int? id)
    {
        if (!(_metadata.GetOptionalFlag(key) ?? whenMissing))
        {
            return [];
        }

        return id is int token ? [token] : throw _metadata.Fault(idKey, $"is missing, but the token is to be added ({key}). Name it, or set that to false.");
    }
}
