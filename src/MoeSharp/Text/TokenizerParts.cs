using MoeSharp.Text.Decoding;
using MoeSharp.Text.Models;
using MoeSharp.Text.Normalization;
using MoeSharp.Text.PreTokenization;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text;

/// <summary>Everything a tokenizer is made of, as its file says.</summary>
internal sealed record TokenizerParts
{
    /// <summary>Tokens found before anything else, in the order of the file.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>What rewrites the text first, if anything.</summary>
    public INormalizer? Normalizer { get; init; }

    /// <summary>What cuts the text, in order.</summary>
    public required IReadOnlyList<IPreTokenizer> PreTokenizers { get; init; }

    /// <summary>What turns pieces into ids.</summary>
    public required ITokenModel Model { get; init; }

    /// <summary>Whether the text of special tokens can become those tokens; in a SentencePiece model no text becomes a control token.</summary>
    public bool RecognisesSpecial { get; init; } = true;

    /// <summary>Ids put in front of a text on request.</summary>
    public IReadOnlyList<int> Prefix { get; init; } = [];

    /// <summary>Ids put behind a text on request.</summary>
    public IReadOnlyList<int> Suffix { get; init; } = [];

    /// <summary>How tokens become text again.</summary>
    public required DecodingRules Decoding { get; init; }

    /// <summary>The parts of the file other than the model, as JSON text by key, so that saving loses nothing.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Head { get; init; }

    /// <summary>The SentencePiece model that this was made from; then it is saved as one.</summary>
    public SentencePieceModel? SentencePiece { get; init; }
}
