namespace MoeSharp.Text.Models;

/// <summary>Turns one piece of text into token ids.</summary>
internal interface ITokenModel
{
    /// <summary>Number of entries of the vocabulary, added tokens not counted.</summary>
    int Count { get; }

    /// <summary>The highest id; -1 when there is no entry.</summary>
    int LargestId { get; }

    /// <summary>Whether every byte has a token, so that any text can be encoded.</summary>
    bool CoversAllBytes { get; }

    /// <summary>Appends the ids of a piece.</summary>
    void Encode(ReadOnlySpan<byte> piece, List<int> ids, WordCache cache);

    /// <summary>The entry of an id as the vocabulary writes it.</summary>
    string? TokenOf(int id);

    /// <summary>The id of an entry as the vocabulary writes it.</summary>
    bool TryGetId(string token, out int id);
}
