using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text.Gguf;

/// <summary>The known values of <c>tokenizer.ggml.pre</c>.</summary>
/// <remarks>
/// The patterns are those of the models' published <c>tokenizer.json</c> files. Which name means which: ggml-org/llama.cpp, convert_hf_to_gguf.py and
/// src/llama-vocab.cpp. Of names with the same recipe the first is written.
/// </remarks>
internal static class PreTokenizerRecipes
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Spaces = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Signs = @" ?[^\s\p{L}\p{N}]+[\r\n]*";
    private const string Cl100K = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + Signs + "|" + Spaces;
    private const string Qwen2 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + Signs + "|" + Spaces;
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string O200K = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + "+" + Contractions + @"?|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower + "*" + Contractions
        + @"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Spaces;

    private const string Tekken = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + @"+|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower
        + @"*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Spaces;

    private const string KimiUpper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";
    private const string KimiLower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";
    private const string KimiK2 = @"[\p{Han}]+|[^\r\n\p{L}\p{N}]?" + KimiUpper + "*" + KimiLower + "+" + Contractions + @"?|[^\r\n\p{L}\p{N}]?" + KimiUpper + "+"
        + KimiLower + "*" + Contractions + @"?|\p{N}{1,3}|" + Signs + "|" + Spaces;

    private const string DeepSeekWords =
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|" + Spaces;

    // Letters with case as of an old Unicode version, less mathematical alphabets: the class of the published file. Escaped, since some
    // of its characters change when a text is normalised.
    private const string DeepSeekLetters = @"\s?["
        + @"A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF\u0370-\u0373\u0376\u0377"
        + @"\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5\u03F7-\u0481\u048A-\u052F\u0531-\u0556"
        + @"\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15"
        + @"\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE"
        + @"\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113"
        + @"\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184"
        + @"\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E"
        + @"\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\x{10400}-\x{1044F}\x{104B0}-\x{104D3}"
        + @"\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}"
        + "]+";

    private const string DeepSeekSigns = @"\s?[!-/:-~！-／：-～‘-‟　-。]+";
    private const string DeepSeekIdeographs = "[一-龥ࠀ-一가-퟿]+";
    private const string FalconSigns = @"[\p{P}\$\+<=>\^~\|`]+";
    private const string Digit = SplitPatterns.Numeric;
    private const string Words = SplitPatterns.Gpt2;
    private const string Bloom = @" ?[^(\s|.,!?…。，、।۔،)]+";

    /// <summary>All recipes.</summary>
    public static IReadOnlyList<PreTokenizerRecipe> All { get; } =
    [
        new(["gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v1-en", "jina-v2-code", "roberta-bpe", "gigachat", "a.x-4.0", "mellum",
            "modern-bert", "exaone4", "jais", "trillion", "granite-docling"], [Words]),
        new(["olmo", "mpt"], [Words], ComposesCharacters: true),
        new(["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"], [Cl100K], IgnoreMerges: true, AddsBegin: true),
        new(["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], [Cl100K]),
        new(["qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez"], [Qwen2], ComposesCharacters: true),
        new(["stablelm2", "hunyuan", "solar-open", "grok-2"], [Qwen2]),
        new(["qwen35"], [Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Spaces], ComposesCharacters: true),
        new(["gpt-4o", "llama4", "minimax-m2", "kanana2", "talkie"], [O200K], IgnoreMerges: true),
        new(["tekken"], [Tekken], IgnoreMerges: true, AddsBegin: true),
        new(["kimi-k2"], [KimiK2], IgnoreMerges: true),
        new(["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"], [@"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+", DeepSeekWords]),
        new(["deepseek-llm"], [@"[\r\n]", DeepSeekLetters, DeepSeekSigns, @"\s+$", DeepSeekIdeographs, @"\p{N}+"]),
        new(["deepseek-coder"], [@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", DeepSeekIdeographs, Digit]),
        new(["starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"], [Digit, Words]),
        new(["falcon"], [FalconSigns, Words, "[0-9][0-9][0-9]"]),
        new(["bailingmoe", "bailingmoe2", "llada-moe"],
            [@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"]),
        new(["seed-coder"], [Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|" + Spaces]),
        new(["exaone-moe"],
            [Contractions + @"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"]),
        new(["tiny_aya", "cohere2moe"], [@"\d{1,3}(?=(?:\d{3})*\b)", O200K]),
        new(["superbpe"], [@"\p{N}+", @"(?=(\d{3})+(?!\d))"]),
        new(["bloom", "poro-chat", "gpt3-finnish"], [Bloom]),
        new(["viking"], [Bloom, Digit]),
        new(["default"], [@"[\p{P}\$\+<=>\^~\|]+", Words, @"\p{N}+", "[0-9][0-9][0-9]"]),
    ];

    /// <summary>The recipe of a name, or <see langword="null"/>.</summary>
    public static PreTokenizerRecipe? Find(string name) => All.FirstOrDefault(recipe => recipe.Names.Contains(name, StringComparer.Ordinal));

    /// <summary>The recipe that cuts and normalises so, one with the same rule for whole pieces first; or <see langword="null"/>.</summary>
    public static PreTokenizerRecipe? Find(IReadOnlyList<string> patterns, bool composesCharacters, bool ignoreMerges) => All
        .Where(recipe => recipe.ComposesCharacters == composesCharacters && recipe.Patterns.SequenceEqual(patterns.Select(Escaped), StringComparer.Ordinal))
        .OrderBy(recipe => recipe.IgnoreMerges == ignoreMerges ? 0 : 1)
        .FirstOrDefault();

    /// <summary>Line ends are written both as themselves and as escapes.</summary>
    private static string Escaped(string pattern) =>
        pattern.Replace("\r", @"\r", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
}
