using System.Globalization;
using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Text.SentencePiece;
using MoeSharp.Text.Templates;

namespace MoeSharp.Text.Json;

/// <summary>Reads <c>tokenizer_config.json</c> for what the tokenizer file beside it lacks: added tokens, and the begin and end tokens around a text.</summary>
/// <remarks>
/// <para><c>added_tokens_decoder</c>: tokens that the file does not have as added ones. <c>add_bos_token</c>, <c>add_eos_token</c>: for a <c>tokenizer.json</c>
/// they add what its post-processor does not; a <c>tokenizer.model</c> cannot say it, so here they decide. Other keys are not looked at.</para>
/// <para>Source: huggingface/transformers, tokenization_utils_tokenizers.py (5.x), update_post_processor.</para>
/// </remarks>
internal static class TokenizerConfigReader
{
    private const int MostNewIds = 1_000_000;

    /// <summary>The name of the file.</summary>
    public const string FileName = "tokenizer_config.json";

    /// <summary>The parts with what the folder's configuration adds.</summary>
    /// <exception cref="ModelFormatException">The file is no JSON, or contradicts the vocabulary or itself.</exception>
    public static TokenizerParts Complete(TokenizerParts parts, string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return parts;
        }

        using JsonDocument document = Open(path);
        var fields = new JsonFields(document.RootElement, path, string.Empty);
        List<AddedToken> missing = ReadAdded(fields, path, parts);
        if (missing.Count > 0)
        {
            parts = parts.SentencePiece is { } model ? Extend(parts, model, missing) : WithAdded(parts, [.. parts.AddedTokens, .. missing]);
        }

        Dictionary<string, string> names = ChatTemplateFile.SpecialTokens(folder);
        return WithAround(
            parts,
            Around(fields, parts, names, "bos", parts.Prefix, parts.SentencePiece is not null),
            Around(fields, parts, names, "eos", parts.Suffix, parts.SentencePiece is not null));
    }

    private static List<AddedToken> ReadAdded(JsonFields fields, string path, TokenizerParts parts)
    {
        const string Key = "added_tokens_decoder";
        var missing = new List<AddedToken>();
        if (fields.Optional(Key) is not { } list)
        {
            return missing;
        }

        HashSet<string> known = [.. parts.AddedTokens.Select(token => token.Content)];
        HashSet<int> taken = [.. parts.AddedTokens.Select(token => token.Id)];
        _ = new JsonFields(list, path, Key); // an object
        foreach (JsonProperty property in list.EnumerateObject())
        {
            var entry = new JsonFields(property.Value, path, $"{Key}['{property.Name}']");
            if (!int.TryParse(property.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id == int.MaxValue)
            {
                throw entry.Fault(entry.Path, "is not named by an id");
            }

            if (id > parts.Model.LargestId + MostNewIds)
            {
                throw entry.Fault(entry.Path, $"is far beyond the {parts.Model.LargestId + 1} tokens of the tokenizer");
            }

            string content = entry.TextOf(entry.Required("content"), entry.At("content"));
            bool isPiece = parts.SentencePiece is { } model && id < model.Pieces.Count && model.Pieces[id].Text == content
                && model.Pieces[id].Type is PieceType.Unknown or PieceType.Control or PieceType.UserDefined;
            if (isPiece || known.Contains(content) || (parts.Model.TryGetId(content, out int own) && own != id))
            {
                continue; // the tokenizer file has it, and knows better
            }

            if (content.Length == 0 || taken.Contains(id) || (parts.Model.TokenOf(id) is { } other && other != content))
            {
                throw entry.FaultAt("content", $"is '{content}', but the tokenizer has another token of the id {id}");
            }

            missing.Add(new AddedToken(
                id,
                content,
                entry.Flag("special", false),
                entry.Flag("single_word", false),
                entry.Flag("lstrip", false),
                entry.Flag("rstrip", false),
                entry.Flag("normalized", false)));
            known.Add(content);
            taken.Add(id);
        }

        return missing;
    }

    /// <summary>The token that stands in front or behind.</summary>
    private static IReadOnlyList<int> Around(
        JsonFields fields, TokenizerParts parts, Dictionary<string, string> names, string name, IReadOnlyList<int> present, bool decides)
    {
        string key = $"add_{name}_token";
        if (fields.Optional(key) is null || (present.Count > 0 && !decides))
        {
            return present;
        }

        if (!fields.Flag(key, false))
        {
            return decides ? [] : present;
        }

        if (!names.TryGetValue($"{name}_token", out string? text))
        {
            throw fields.FaultAt(key, $"is true, but no {name}_token is named. Name it, or set {key} to false");
        }

        foreach (AddedToken token in parts.AddedTokens)
        {
            if (token.Content == text)
            {
                return [token.Id];
            }
        }

        return parts.Model.TryGetId(text, out int id)
            ? [id]
            : throw fields.FaultAt($"{name}_token", $"is '{text}', which the tokenizer does not have");
    }

    private static TokenizerParts WithAdded(TokenizerParts parts, IReadOnlyList<AddedToken> added) =>
        parts with
        {
            AddedTokens = added,
            Model = parts.Model is UnigramModel unigram ? unigram.Without(added) : parts.Model,
            Head = Changed(parts.Head, "added_tokens", ByteLevelHead.Added(added)),
        };

    private static TokenizerParts WithAround(TokenizerParts parts, IReadOnlyList<int> prefix, IReadOnlyList<int> suffix)
    {
        if (prefix.SequenceEqual(parts.Prefix) && suffix.SequenceEqual(parts.Suffix))
        {
            return parts;
        }

        string TextOf(int id) => parts.AddedTokens.FirstOrDefault(token => token.Id == id)?.Content ?? parts.Model.TokenOf(id)!;
        return parts with
        {
            Prefix = prefix,
            Suffix = suffix,
            Head = parts.SentencePiece is not null ? parts.Head : Changed(parts.Head, "post_processor", ByteLevelHead.Template(prefix, suffix, TextOf)),
        };
    }

    /// <summary>A SentencePiece model with further entries, so that they are not lost when it is written.</summary>
    private static TokenizerParts Extend(TokenizerParts parts, SentencePieceModel model, List<AddedToken> missing)
    {
        var pieces = model.Pieces.ToList();
        foreach (AddedToken token in missing.OrderBy(token => token.Id))
        {
            while (pieces.Count <= token.Id)
            {
                pieces.Add(new Piece($"[PAD{pieces.Count}]", 0, PieceType.Unused));
            }

            PieceType type = pieces[token.Id].Type == PieceType.Unknown ? PieceType.Unknown : token.IsSpecial ? PieceType.Control : PieceType.UserDefined;
            pieces[token.Id] = new Piece(token.Content, pieces[token.Id].Score, type);
        }

        return SentencePieceParts.Create(model with { Pieces = pieces, Source = null }, parts.RecognisesSpecial);
    }

    private static List<KeyValuePair<string, string>> Changed(IReadOnlyList<KeyValuePair<string, string>> head, string key, string value) =>
        [.. head.Where(pair => pair.Key != key), KeyValuePair.Create(key, value)];

    private static JsonDocument Open(string path)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (JsonException fault)
        {
            throw new ModelFormatException(path, null, fault.BytePositionInLine, $"is no JSON: {fault.Message}");
        }
    }
}
