using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;

namespace MoeSharp.Models.Conversion;

/// <summary>Puts the tokenizer of a model into the metadata of a new GGUF file.</summary>
internal static class GgufVocabularyOutput
{
    private const string TokensKey = "tokenizer.ggml.tokens";
    private const string TypesKey = "tokenizer.ggml.token_type";
    private const string ScoresKey = "tokenizer.ggml.scores";
    private const int UnusedType = 5;
    private const float UnusedScore = -1000;

    /// <summary>Adds the keys; afterwards others may add theirs.</summary>
    /// <returns>What a person should know.</returns>
    public static IReadOnlyList<string> Write(StoredModel model, GgufMetadata metadata)
    {
        Tokenizer? tokenizer;
        try
        {
            tokenizer = model.ReadTokenizer();
            if (tokenizer is null)
            {
                return ["the model has no tokenizer: the new file takes token ids only."];
            }

            GgufVocabulary.Write(tokenizer, metadata, model.Config.BeginToken, model.Config.EndTokens.Count > 0 ? model.Config.EndTokens[0] : null);
        }
        catch (Exception fault) when (fault is ConfigException or ModelFormatException)
        {
            return [$"other programs cannot use the tokenizer of the new file: {fault.Message}"];
        }

        FillUp(metadata, model.Config.VocabularySize);
        return [];
    }

    // The embedding may have more rows than the tokenizer has tokens; readers want as many of both.
    internal static void FillUp(GgufMetadata metadata, int count)
    {
        GgufTexts tokens = metadata.GetTexts(TokensKey);
        if (tokens.Count >= count)
        {
            return;
        }

        metadata.Set(TokensKey, GgufValue.Of(GgufTexts.Create([.. tokens, .. Enumerable.Range(tokens.Count, count - tokens.Count).Select(id => $"[PAD{id}]")])));
        metadata.Set(TypesKey, GgufValue.Of(Filled(metadata.GetOptionalInts(TypesKey) ?? [], count, UnusedType)));
        if (metadata.GetOptionalNumbers(ScoresKey) is { } scores)
        {
            metadata.Set(ScoresKey, GgufValue.Of(Filled(scores, count, UnusedScore)));
        }
    }

    private static T[] Filled<T>(T[] values, int count, T value)
    {
        var filled = new T[count];
        values.CopyTo(filled, 0);
        Array.Fill(filled, value, values.Length, count - values.Length);
        return filled;
    }
}
