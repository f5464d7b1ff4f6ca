using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;

namespace MoeSharp.Analysis;

/// <summary>The vocabulary of a synthetic model: the built-in model's, filled up with unused tokens.</summary>
internal static class SyntheticVocabulary
{
    /// <summary>Puts it into the metadata of a file; where the model has fewer tokens, the file says that it has no vocabulary.</summary>
    /// <returns>The configuration with the tokens that begin and end a text.</returns>
    public static DecoderConfig Write(DecoderConfig config, GgufMetadata metadata)
    {
        using StoredModel tiny = StoredModel.OpenTiny();
        Tokenizer tokenizer = tiny.ReadTokenizer()!;
        if (tokenizer.VocabularySize > config.VocabularySize)
        {
            metadata.Set("tokenizer.ggml.model", GgufValue.Of("no_vocab"));
            return config;
        }

        DecoderConfig told = config with { BeginToken = tiny.Config.BeginToken, EndTokens = tiny.Config.EndTokens };
        GgufVocabulary.Write(tokenizer, metadata, told.BeginToken, told.EndTokens.Count > 0 ? told.EndTokens[0] : null);
        GgufVocabularyOutput.FillUp(metadata, config.VocabularySize);
        return told;
    }
}
