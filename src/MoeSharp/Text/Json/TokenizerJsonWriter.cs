using System.Text.Encodings.Web;
using System.Text.Json;
using MoeSharp.Text.Models;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Json;

/// <summary>Writes a <c>tokenizer.json</c>: the head as it was read, the vocabulary by id, the merges by rank.</summary>
internal static class TokenizerJsonWriter
{
    /// <summary>Writes all parts.</summary>
    /// <exception cref="NotSupportedException">The format cannot say what the tokenizer does.</exception>
    public static void Write(TokenizerParts parts, Stream stream)
    {
        if (parts.Head.Count == 0)
        {
            throw new NotSupportedException($"{TokenizerFile.JsonName} cannot say what this tokenizer does: it adds a space before other cuts than those of gpt-2.");
        }

        // Readable text, as the tokenizers library writes it; the file is never part of a web page.
        var options = new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };
        using var writer = new Utf8JsonWriter(stream, options);
        writer.WriteStartObject();
        foreach ((string key, string json) in parts.Head)
        {
            writer.WritePropertyName(key);
            writer.WriteRawValue(json);
        }

        writer.WritePropertyName("model");
        switch (parts.Model)
        {
            case BpeModel bpe:
                WriteModel(writer, bpe);
                break;
            case UnigramModel unigram:
                WriteModel(writer, unigram.Vocabulary);
                break;
            default:
                throw new NotSupportedException($"tokenizer.json cannot hold a model of scored merges. Save it as {TokenizerFile.ModelName}.");
        }

        writer.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter writer, BpeModel model)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "BPE");
        writer.WriteNull("dropout");
        writer.WriteString("unk_token", model.Options.UnknownToken);
        writer.WriteNull("continuing_subword_prefix");
        writer.WriteNull("end_of_word_suffix");
        writer.WriteBoolean("fuse_unk", model.Options.FuseUnknown);
        writer.WriteBoolean("byte_fallback", model.Options.ByteFallback);
        writer.WriteBoolean("ignore_merges", model.Options.IgnoreMerges);
        writer.WriteStartObject("vocab");
        foreach ((string token, int id) in model.Vocabulary.InOrder())
        {
            writer.WriteNumber(token, id);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("merges");

        // The older form "left right" is read everywhere, but cannot hold an entry with a space.
        bool pairs = model.Vocabulary.InOrder().Any(entry => entry.Key.Contains(' ', StringComparison.Ordinal));
        foreach ((int left, int right) in model.Merges.InOrder())
        {
            string first = model.Vocabulary.TokenOf(left)!;
            string second = model.Vocabulary.TokenOf(right)!;
            if (pairs)
            {
                writer.WriteStartArray();
                writer.WriteStringValue(first);
                writer.WriteStringValue(second);
                writer.WriteEndArray();
            }
            else
            {
                writer.WriteStringValue(first + " " + second);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter writer, PieceVocabulary vocabulary)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Unigram");
        writer.WritePropertyName("unk_id");
        if (vocabulary.UnknownId is int unknown)
        {
            writer.WriteNumberValue(unknown);
        }
        else
        {
            writer.WriteNullValue();
        }

        writer.WriteStartArray("vocab");
        foreach (Piece piece in vocabulary.Pieces)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(piece.Text);
            writer.WriteNumberValue(piece.Score);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteBoolean("byte_fallback", vocabulary.HasByteFallback);
        writer.WriteEndObject();
    }
}
