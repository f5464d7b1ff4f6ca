using MoeSharp.Formats.Gguf;
using MoeSharp.Text.Decoding;
using MoeSharp.Text.Json;
using MoeSharp.Text.Models;
using MoeSharp.Text.Normalization;
using MoeSharp.Text.Patterns;
using MoeSharp.Text.PreTokenization;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Gguf;

/// <summary>Vocabularies of model <c>gpt2</c>: byte-level byte-pair encoding.</summary>
internal static class GgufByteVocabulary
{
    private const string KimiK2 = "kimi-k2";

    /// <summary>Reads a vocabulary.</summary>
    public static GgufVocabulary Read(GgufMetadata metadata)
    {
        // Files from before the key existed have no name; they were cut as "default" says.
        string name = metadata.GetOptionalText(GgufKeys.Pre) is string given and not "" ? given : "default";
        PreTokenizerRecipe recipe = PreTokenizerRecipes.Find(name) ?? throw metadata.Fault(
            GgufKeys.Pre,
            $"is '{name}', which is not known: text would be cut wrongly. Known are {string.Join(", ", PreTokenizerRecipes.All.SelectMany(known => known.Names).Order(StringComparer.Ordinal))}.");
        var tokens = new GgufTokens(metadata, recipe.AddsBegin, addsEnd: false, null, null);
        MergeTable merges = ReadMerges(metadata, tokens, name);
        string? unknown = tokens.IdOf(GgufKeys.Unknown) is int id ? tokens.Texts[id] : null;
        bool addsSpace = metadata.GetOptionalFlag(GgufKeys.AddsSpace) ?? false;
        IReadOnlyList<AddedToken> added = tokens.AddedTokens();
        IPreTokenizer[] cuts =
        [
            .. addsSpace ? [new PrefixSpacePreTokenizer()] : Array.Empty<IPreTokenizer>(),
            .. recipe.Patterns.Select(pattern => new SplitPreTokenizer(new Pattern(pattern), SplitBehavior.Isolated, invert: false)),
        ];
        var tokenizer = new Tokenizer(new TokenizerParts
        {
            AddedTokens = added,
            Normalizer = recipe.ComposesCharacters ? new NfcNormalizer() : null,
            PreTokenizers = cuts,
            Model = new BpeModel(new Vocabulary(tokens.Ids), merges, new BpeOptions(ByteLevel: true, unknown, IgnoreMerges: recipe.IgnoreMerges)),
            Prefix = tokens.Prefix,
            Suffix = tokens.Suffix,
            Decoding = DecodingRules.ByteLevel,
            Head = ByteLevelHead.Create(added, recipe.ComposesCharacters, recipe.Patterns, addsSpace, tokens.Prefix, tokens.Suffix, tokens.Texts),
        });
        return new GgufVocabulary(tokenizer, metadata, tokens.BeginId, tokens.EndId);
    }

    /// <summary>Writes a vocabulary.</summary>
    public static void Write(Tokenizer tokenizer, GgufMetadata metadata)
    {
        TokenizerParts parts = tokenizer.Parts;
        if (parts.Model is not BpeModel { Options.ByteLevel: true } model)
        {
            throw new ConfigException("tokenizer for GGUF", "its tokenizer.json holds pairs without byte fallback. Convert from its tokenizer.model, if there is one.");
        }

        bool addsSpace = parts.PreTokenizers is [PrefixSpacePreTokenizer, ..];
        PreTokenizerRecipe recipe = FindRecipe(parts, model, addsSpace ? 1 : 0);
        string[] texts = new string[tokenizer.VocabularySize];
        int[] types = new int[texts.Length];
        Dictionary<int, AddedToken> added = parts.AddedTokens.ToDictionary(token => token.Id);
        for (int id = 0; id < texts.Length; id++)
        {
            string? text = tokenizer.TokenOf(id);
            texts[id] = text ?? $"[PAD{id}]";
            types[id] = (int)(text is null ? PieceType.Unused : !added.TryGetValue(id, out AddedToken? token) ? PieceType.Normal
                : token.IsSpecial ? PieceType.Control : PieceType.UserDefined);
        }

        metadata.Set(GgufKeys.Model, GgufValue.Of("gpt2"));
        metadata.Set(GgufKeys.Pre, GgufValue.Of(recipe.Names[0]));
        metadata.Set(GgufKeys.Tokens, GgufValue.Of(GgufTexts.Create(texts)));
        metadata.Set(GgufKeys.Types, GgufValue.Of(types));
        metadata.Set(GgufKeys.Merges, GgufValue.Of(GgufTexts.Create(
            [.. model.Merges.InOrder().Select(merge => $"{model.TokenOf(merge.Left)} {model.TokenOf(merge.Right)}")])));
        metadata.Set(GgufKeys.AddsSpace, GgufValue.Of(addsSpace));
        if (model.Options.UnknownToken is string unknown && tokenizer.TryGetId(unknown, out int unknownId))
        {
            metadata.Set(GgufKeys.Unknown, GgufValue.Of((uint)unknownId));
        }
    }

    private static PreTokenizerRecipe FindRecipe(TokenizerParts parts, BpeModel model, int firstCut)
    {
        bool composes = parts.Normalizer is NfcNormalizer;
        bool known = parts.Normalizer is null || composes;
        var patterns = new List<string>();
        foreach (IPreTokenizer cut in parts.PreTokenizers.Skip(firstCut))
        {
            // Keeping the matches alone is the same as cutting them out when nothing lies between them, as with these patterns.
            known &= cut is SplitPreTokenizer { Behavior: SplitBehavior.Isolated, Inverts: false } or SplitPreTokenizer { Behavior: SplitBehavior.Removed, Inverts: true };
            patterns.Add((cut as SplitPreTokenizer)?.Pattern.Source ?? "");
        }

        PreTokenizerRecipe? recipe = known ? PreTokenizerRecipes.Find(patterns, composes, model.Options.IgnoreMerges) : null;
        return recipe ?? throw new ConfigException(
            "tokenizer for GGUF", $"its normalizer and its cuts [{string.Join("] [", patterns)}] have no name in GGUF. Tokenizers of the published families have.");
    }

    private static MergeTable ReadMerges(GgufMetadata metadata, GgufTokens tokens, string name)
    {
        if (!metadata.Has(GgufKeys.Merges) && name == KimiK2)
        {
            return MergesByRank(tokens);
        }

        GgufTexts list = metadata.GetTexts(GgufKeys.Merges);
        var merges = new MergeTable(list.Count);
        for (int rank = 0; rank < list.Count; rank++)
        {
            string merge = list[rank];
            int space = merge.Length > 1 ? merge.IndexOf(' ', 1) : -1;
            if (space < 0 || space == merge.Length - 1)
            {
                throw metadata.Fault(GgufKeys.Merges, $"has '{merge}' as merge {rank}, which is not two parts with a space between them.");
            }

            string left = merge[..space];
            string right = merge[(space + 1)..];
            if (!tokens.Ids.TryGetValue(left, out int leftId) || !tokens.Ids.TryGetValue(right, out int rightId)
                || !tokens.Ids.TryGetValue(left + right, out int result))
            {
                throw metadata.Fault(GgufKeys.Merges, $"joins '{left}' and '{right}' as merge {rank}, but not both of them and the result are tokens.");
            }

            merges.TryAdd(leftId, rightId, rank, result);
        }

        return merges;
    }

    /// <summary>The merges of a vocabulary that is a list of byte strings by rank: any two neighbours merge that together are a token, the lowest id first.</summary>
    private static MergeTable MergesByRank(GgufTokens tokens)
    {
        var merges = new List<(int Left, int Right, int Result)>();
        for (int id = 0; id < tokens.Texts.Count; id++)
        {
            string text = tokens.Texts[id];
            for (int cut = 1; tokens.Types[id] == PieceType.Normal && text.Length <= PieceMergeTable.LongestPiece && cut < text.Length; cut++)
            {
                if (tokens.Ids.TryGetValue(text[..cut], out int left) && tokens.Ids.TryGetValue(text[cut..], out int right))
                {
                    merges.Add((left, right, id));
                }
            }
        }

        var table = new MergeTable(merges.Count);
        foreach ((int left, int right, int result) in merges)
        {
            table.TryAdd(left, right, result, result);
        }

        return table;
    }
}
