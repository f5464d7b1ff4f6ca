using System.Text.Json;
using MoeSharp.Text.Models;

namespace MoeSharp.Text.Json;

/// <summary>Reads <c>added_tokens</c> and checks them against the vocabulary.</summary>
internal static class AddedTokenReader
{
    /// <summary>The tokens in the order of the file; an exact repetition counts once.</summary>
    public static List<AddedToken> Read(JsonFields top, string file, ITokenModel model)
    {
        var tokens = new List<AddedToken>();
        if (top.Optional("added_tokens") is null)
        {
            return tokens;
        }

        var byText = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        var byId = new Dictionary<int, AddedToken>();
        foreach (JsonElement element in top.List("added_tokens").EnumerateArray())
        {
            string path = $"added_tokens[{tokens.Count}]";
            var fields = new JsonFields(element, file, path);
            AddedToken token = ReadToken(fields);
            if (byText.TryGetValue(token.Content, out AddedToken? earlier))
            {
                if (earlier != token)
                {
                    throw fields.FaultAt("content", $"is '{token.Content}', which an earlier entry has with the id {earlier.Id} or other flags");
                }

                continue;
            }

            if (byId.TryGetValue(token.Id, out AddedToken? owner))
            {
                throw fields.FaultAt("id", $"is {token.Id}, which '{owner.Content}' has already");
            }

            CheckVocabulary(fields, token, model);
            byText.Add(token.Content, token);
            byId.Add(token.Id, token);
            tokens.Add(token);
        }

        return tokens;
    }

    private static AddedToken ReadToken(JsonFields fields)
    {
        int id = fields.IdOf(fields.Required("id"), fields.At("id"));
        string content = fields.TextOf(fields.Required("content"), fields.At("content"));
        if (content.Length == 0)
        {
            throw fields.FaultAt("content", "is empty");
        }

        var token = new AddedToken(
            id,
            content,
            fields.Flag("special", null),
            fields.Flag("single_word", null),
            fields.Flag("lstrip", null),
            fields.Flag("rstrip", null),
            fields.Flag("normalized", null));
        fields.RefuseOthers();
        return token;
    }

    private static void CheckVocabulary(JsonFields fields, AddedToken token, ITokenModel model)
    {
        if (model.TryGetId(token.Content, out int known))
        {
            if (known != token.Id)
            {
                throw fields.FaultAt("id", $"is {token.Id} for '{token.Content}', which the vocabulary gives {known}");
            }
        }
        else if (model.TokenOf(token.Id) is string other)
        {
            throw fields.FaultAt("id", $"is {token.Id} for '{token.Content}', which the vocabulary gives to '{other}'");
        }
    }
}
