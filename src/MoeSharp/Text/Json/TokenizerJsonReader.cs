using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using MoeSharp.Formats;
using MoeSharp.Text.Decoding;
using MoeSharp.Text.Models;
using MoeSharp.Text.Normalization;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Json;

/// <summary>Reads a <c>tokenizer.json</c>. What would change the result and is not understood is a fault that names the key.</summary>
/// <remarks>Source: huggingface/tokenizers, the schema of version 1.0.</remarks>
internal static class TokenizerJsonReader
{
    // The limit of the tokenizers library; it keeps hostile nesting off the stack.
    private const int DeepestNesting = 128;

    /// <summary>Reads all parts.</summary>
    /// <exception cref="ModelFormatException">The contents are malformed or not supported.</exception>
    public static TokenizerParts Read(ReadOnlyMemory<byte> json, string file)
    {
        RefuseInvalidUtf8(json.Span, file);
        var options = new JsonDocumentOptions { MaxDepth = DeepestNesting, AllowDuplicateProperties = false };
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, options);
            return ReadParts(new JsonFields(document.RootElement, file, string.Empty), document.RootElement, file);
        }
        catch (JsonException exception)
        {
            string fault = exception.Message.Split(" LineNumber:")[0].Split(" Path:")[0];
            throw new ModelFormatException(file, null, OffsetOf(json.Span, exception), $"is not valid JSON: {fault}", exception);
        }
        catch (InvalidOperationException exception)
        {
            // The one thing that the JSON reader finds out late: an escape of half a surrogate pair.
            throw new ModelFormatException(file, null, OffsetOfHalfSurrogate(json.Span), $"holds a string that is not Unicode text: {exception.Message}", exception);
        }
    }

    private static TokenizerParts ReadParts(JsonFields top, JsonElement root, string file)
    {
        if (top.Text("version") is not "1.0")
        {
            throw top.Fault("version", $"must be \"1.0\", got {top.Text("version") ?? "nothing"}");
        }

        RefuseTruncationAndPadding(top, file);
        INormalizer? normalizer = NormalizerReader.Read(top.Optional("normalizer"), file);
        PreTokenizerParts preTokenizer = PreTokenizerReader.Read(top.Optional("pre_tokenizer"), file);
        ITokenModel model = ReadModel(new JsonFields(top.Required("model"), file, "model"), preTokenizer.ByteLevel);
        List<AddedToken> added = AddedTokenReader.Read(top, file, model);
        model = model is UnigramModel unigram ? unigram.Without(added) : model;
        DecodingRules decoding = DecoderReader.Read(top.Optional("decoder"), file);
        (List<int> prefix, List<int> suffix) = PostProcessorReader.Read(top.Optional("post_processor"), file);
        top.RefuseOthers();

        return new TokenizerParts
        {
            AddedTokens = added,
            Normalizer = normalizer,
            PreTokenizers = preTokenizer.Steps,
            Model = model,
            Prefix = prefix,
            Suffix = suffix,
            Decoding = decoding,
            Head = [.. root.EnumerateObject().Where(property => property.Name != "model")
                .Select(property => KeyValuePair.Create(property.Name, property.Value.GetRawText()))],
        };
    }

    private static ITokenModel ReadModel(JsonFields fields, bool byteLevel)
    {
        // Files from before there were other models leave the type out.
        string type = fields.Text("type") ?? "BPE";
        return type switch
        {
            "BPE" => BpeModelReader.Read(fields, byteLevel),
            "Unigram" => UnigramModelReader.Read(fields),
            _ => throw fields.FaultAt("type", $"is {type}, which is not supported. BPE and Unigram are"),
        };
    }

    private static void RefuseTruncationAndPadding(JsonFields top, string file)
    {
        if (top.Optional("truncation") is not null)
        {
            throw top.Fault("truncation", "would cut long texts, which is not supported. Set it to null");
        }

        if (top.Optional("padding") is JsonElement padding)
        {
            var fields = new JsonFields(padding, file, "padding");

            // Padding to the longest text of a batch does nothing to a single text; a fixed length or a multiple does.
            if (fields.Optional("strategy") is not { ValueKind: JsonValueKind.String } strategy || strategy.GetString() != "BatchLongest"
                || fields.Optional("pad_to_multiple_of") is not null)
            {
                throw top.Fault("padding", "would pad every text, which is not supported. Set it to null");
            }
        }
    }

    private static void RefuseInvalidUtf8(ReadOnlySpan<byte> json, string file)
    {
        if (Utf8.IsValid(json))
        {
            return;
        }

        int offset = 0;
        while (Rune.DecodeFromUtf8(json[offset..], out _, out int consumed) == System.Buffers.OperationStatus.Done)
        {
            offset += consumed;
        }

        throw new ModelFormatException(file, null, offset, $"is not UTF-8: byte 0x{json[offset]:X2} belongs to no character.");
    }

    /// <summary>Where an escape of half a surrogate pair stands, in text that is otherwise valid JSON.</summary>
    private static long? OffsetOfHalfSurrogate(ReadOnlySpan<byte> json)
    {
        for (int position = 0; position + 6 <= json.Length;)
        {
            if (json[position] != '\\')
            {
                position++;
                continue;
            }

            char first = EscapeAt(json, position);
            if (!char.IsSurrogate(first))
            {
                position += 2;
                continue;
            }

            if (!char.IsHighSurrogate(first) || !char.IsLowSurrogate(EscapeAt(json, position + 6)))
            {
                return position;
            }

            position += 12;
        }

        return null;
    }

    /// <summary>The UTF-16 unit that an escape stands for; NUL when there is none.</summary>
    private static char EscapeAt(ReadOnlySpan<byte> json, int position) =>
        position + 6 <= json.Length && json[position] == '\\' && json[position + 1] == 'u'
        && ushort.TryParse(json.Slice(position + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit)
            ? (char)unit
            : '\0';

    private static long OffsetOf(ReadOnlySpan<byte> json, JsonException exception)
    {
        int start = 0;
        for (long line = exception.LineNumber ?? 0; line > 0; line--)
        {
            int next = json[start..].IndexOf((byte)'\n');
            if (next < 0)
            {
                break;
            }

            start += next + 1;
        }

        return start + (exception.BytePositionInLine ?? 0);
    }
}
