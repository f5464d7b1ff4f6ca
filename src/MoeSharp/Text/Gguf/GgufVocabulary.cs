using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Gguf;

/// <summary>The vocabulary of a GGUF file: a tokenizer, and the tokens that begin and end a text.</summary>
/// <remarks>
/// <para>Models: <c>gpt2</c> (byte-level byte-pair encoding, with a <c>tokenizer.ggml.pre</c>), <c>llama</c> (SentencePiece byte-pair encoding), <c>t5</c> (unigram).</para>
/// <para>Tokens of type control and unknown are special; those of type user-defined are found in every text.</para>
/// <para>Source: ggml-org/ggml, docs/gguf.md; ggml-org/llama.cpp, src/llama-vocab.cpp.</para>
/// </remarks>
public sealed class GgufVocabulary
{
    internal GgufVocabulary(Tokenizer tokenizer, GgufMetadata metadata, int? beginId, int? endId)
    {
        Tokenizer = tokenizer;
        BeginId = beginId;
        EndIds = [.. new[] { endId, Id(metadata, GgufKeys.EndOfTurn, tokenizer), Id(metadata, GgufKeys.EndOfMessage, tokenizer) }.OfType<int>().Distinct()];
        PaddingId = Id(metadata, GgufKeys.Padding, tokenizer);
        ChatTemplate = metadata.GetOptionalText(GgufKeys.ChatTemplate);
    }

    /// <summary>The tokenizer; what it adds on request is what the file says.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The token that begins a text, whether it is added or not.</summary>
    public int? BeginId { get; }

    /// <summary>The tokens that end an answer: of a text, of a turn, of a message.</summary>
    public IReadOnlyList<int> EndIds { get; }

    /// <summary>The token that fills up.</summary>
    public int? PaddingId { get; }

    /// <summary>The template of a conversation.</summary>
    public string? ChatTemplate { get; }

    /// <summary>Whether a file holds a vocabulary.</summary>
    public static bool IsIn(GgufMetadata metadata) => metadata.GetOptionalText(GgufKeys.Model) is not (null or "none" or "no_vocab");

    /// <summary>Reads the vocabulary of a file.</summary>
    /// <param name="metadata">Keys and values of the file.</param>
    /// <exception cref="ModelFormatException">A key is missing or contradicts another, or the model or the <c>tokenizer.ggml.pre</c> is not known.</exception>
    public static GgufVocabulary Read(GgufMetadata metadata)
    {
        string model = metadata.GetText(GgufKeys.Model);
        return model switch
        {
            "gpt2" => GgufByteVocabulary.Read(metadata),
            "llama" or "t5" => GgufPieceVocabulary.Read(metadata, isBpe: model == "llama"),
            _ => throw metadata.Fault(GgufKeys.Model, $"is '{model}', which is not supported. gpt2, llama and t5 are."),
        };
    }

    /// <summary>Writes a tokenizer into metadata; what was there of an earlier vocabulary is replaced.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="metadata">Where to.</param>
    /// <param name="beginId">The token that begins a text; the one that the tokenizer adds when <see langword="null"/>.</param>
    /// <param name="endId">The token that ends a text; the one that the tokenizer adds when <see langword="null"/>.</param>
    /// <param name="chatTemplate">The template of a conversation.</param>
    /// <exception cref="ConfigException">GGUF has no way to say what the tokenizer does: its cuts have no name there, it adds several tokens, or the like.</exception>
    public static void Write(Tokenizer tokenizer, GgufMetadata metadata, int? beginId = null, int? endId = null, string? chatTemplate = null)
    {
        TokenizerParts parts = tokenizer.Parts;
        if (parts.Prefix.Count > 1 || parts.Suffix.Count > 1)
        {
            throw new ConfigException("tokenizer for GGUF", $"it adds {parts.Prefix.Count} tokens in front and {parts.Suffix.Count} behind. GGUF can say one each.");
        }

        beginId ??= parts.Prefix.Count > 0 ? parts.Prefix[0] : null;
        endId ??= parts.Suffix.Count > 0 ? parts.Suffix[0] : null;
        if ((parts.Prefix.Count > 0 && parts.Prefix[0] != beginId) || (parts.Suffix.Count > 0 && parts.Suffix[0] != endId))
        {
            throw new ConfigException("tokenizer for GGUF", $"it adds other tokens than the begin token {beginId} and the end token {endId}. GGUF adds these or none.");
        }

        foreach (string key in metadata.Keys.Where(key => key.StartsWith("tokenizer.", StringComparison.Ordinal)).ToArray())
        {
            metadata.Remove(key);
        }

        if ((parts.SentencePiece ?? PairPieces.Create(tokenizer) ?? UnigramPieces.Create(tokenizer)) is SentencePieceModel model)
        {
            GgufPieceVocabulary.Write(model, metadata);
        }
        else
        {
            GgufByteVocabulary.Write(tokenizer, metadata);
        }

        SetId(GgufKeys.Begin, beginId);
        SetId(GgufKeys.End, endId);
        metadata.Set(GgufKeys.AddsBegin, GgufValue.Of(parts.Prefix.Count > 0));
        metadata.Set(GgufKeys.AddsEnd, GgufValue.Of(parts.Suffix.Count > 0));
        if (chatTemplate is not null)
        {
            metadata.Set(GgufKeys.ChatTemplate, GgufValue.Of(chatTemplate));
        }

        void SetId(string key, int? id)
        {
            if (id is int value)
            {
                metadata.Set(key, GgufValue.Of((uint)value));
            }
        }
    }

    private static int? Id(GgufMetadata metadata, string key, Tokenizer tokenizer) =>
        metadata.GetOptionalInt(key) is int id && id >= 0 && id < tokenizer.VocabularySize ? id : null;
}
