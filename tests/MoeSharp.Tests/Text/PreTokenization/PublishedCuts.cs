using System.Text.RegularExpressions;

namespace MoeSharp.Tests.Text.PreTokenization;

/// <summary>How published tokenizers cut text, written a second time for <c>System.Text.RegularExpressions</c>: the slow definition.</summary>
/// <remarks>
/// <para>Source of the patterns: the models' <c>tokenizer.json</c> (or the tiktoken pattern of Kimi K2), as quoted in ggml-org/llama.cpp,
/// src/llama-vocab.cpp. What that dialect lacks is spelled out: cases of contractions, possessive repetition as atomic groups, intersection
/// as subtraction, Han as ranges, <c>\b</c> and <c>$</c> as look-arounds.</para>
/// <para>It sees UTF-16 units, so a text is given to it with one character of the Basic Multilingual Plane for each code point: above U+FFFF
/// a stand-in that belongs to the same classes of every pattern here.</para>
/// </remarks>
internal static class PublishedCuts
{
    private const string S = @"(?:'[sS\u017F]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    private const string Tail = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Han = @"\u2E80-\u2E99\u2E9B-\u2EF3\u2F00-\u2FD5\u3005\u3007\u3021-\u3029\u3038-\u303B\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFA6D\uFA70-\uFAD9";
    private const string UpperNotHan = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}-[" + Han + "]]";
    private const string LowerNotHan = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}-[" + Han + "]]";
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Llama3 = S + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Tail;
    private const string Qwen2 = S + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Tail;
    private const string Gpt4o = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + "+" + S + @"?|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower + "*" + S
        + @"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Tail;

    private const string DeepSeekWords =
        @"[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|" + Tail;

    // The class as it is printed, character by character; what it has above U+FFFF has U+0100 or U+0101 for a stand-in.
    private const string DeepSeekLetters =
        @"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1F7Dᾀ-ᾴᾶ-ᾼ\u1FBEῂ-ῄῆ-ῌῐ-\u1FD3ῖ-\u1FDBῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212A-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ]+";

    private const string Word = @"[\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}]";
    private const string Boundary = "(?:(?<=" + Word + ")(?!" + Word + ")|(?<!" + Word + ")(?=" + Word + "))";
    private const string Bloom = @" ?[^(\s|.,!?…。，、।۔،)]+";

    private static readonly Dictionary<string, string[]> s_patterns = new(StringComparer.Ordinal)
    {
        ["gpt-2"] = [Gpt2],
        ["olmo"] = [Gpt2],
        ["llama-bpe"] = [Llama3],
        ["pixtral"] = [Llama3],
        ["dbrx"] = [Llama3],
        ["glm4"] = [Llama3],
        ["chatglm-bpe"] = [Llama3],
        ["qwen2"] = [Qwen2],
        ["hunyuan"] = [Qwen2],
        ["grok-2"] = [Qwen2],
        ["stablelm2"] = [Qwen2],
        ["qwen35"] = [S + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Tail],
        ["gpt-4o"] = [Gpt4o],
        ["llama4"] = [Gpt4o],
        ["minimax-m2"] = [Gpt4o],
        ["tekken"] = [@"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + @"+|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower + @"*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Tail],
        ["kimi-k2"] =
        [
            "[" + Han + @"]+|[^\r\n\p{L}\p{N}]?" + UpperNotHan + "*" + LowerNotHan + "+" + S + @"?|[^\r\n\p{L}\p{N}]?" + UpperNotHan + "+" + LowerNotHan + "*" + S
                + @"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Tail,
        ],
        ["deepseek-v3"] = [@"\p{N}{1,3}", @"[一-龥\u3040-ゟ゠-ヿ]+", DeepSeekWords],
        ["hunyuan-dense"] = [@"\p{N}{1,3}", @"[一-龥\u3040-ゟ゠-ヿ]+", DeepSeekWords],
        ["deepseek-llm"] = [@"[\r\n]", DeepSeekLetters, @"\s?[!-/:-~！-／：-～‘-‟　-。]+", @"\s+(?=\n|\z)", @"[一-龥\u0800-一가-\uD7FF]+", @"\p{N}+"],
        ["deepseek-coder"] = [@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", @"[一-龥\u0800-一가-\uD7FF]+", @"\p{N}"],
        ["starcoder"] = [@"\p{N}", Gpt2],
        ["command-r"] = [@"\p{N}", Gpt2],
        ["falcon"] = [@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"],
        ["bailingmoe"] = [@"'(?:[sdmtSDMT\u017F]|[lL][lL]|[vV][eE]|[rR][eE])|(?>[^\r\n\p{L}\p{N}]?)\p{L}+|\p{N}| ?(?>[^\s\p{L}\p{N}]+)[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"],
        ["seed-coder"] = [S + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|" + Tail],
        ["exaone-moe"] = [S + @"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"],
        ["tiny_aya"] = [@"\d{1,3}(?=(?:\d{3})*" + Boundary + ")", Gpt4o],
        ["superbpe"] = [@"\p{N}+", @"(?=(\d{3})+(?!\d))"],
        ["bloom"] = [Bloom],
        ["viking"] = [Bloom, @"\p{N}"],
        ["default"] = [@"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"],
    };

    /// <summary>The names that are defined here.</summary>
    public static IEnumerable<string> Names => s_patterns.Keys;

    /// <summary>The cuts of a name, as compiled expressions.</summary>
    public static Regex[] Of(string name) => [.. s_patterns[name].Select(pattern => new Regex(pattern, RegexOptions.CultureInvariant))];

    /// <summary>Lengths of the pieces, in characters: what is matched is a piece, and what lies between two matches.</summary>
    public static List<int> Cut(string text, Regex[] cuts)
    {
        List<string> pieces = text.Length == 0 ? [] : [text];
        foreach (Regex cut in cuts)
        {
            List<string> parts = [];
            foreach (string piece in pieces)
            {
                int done = 0;
                foreach (Match match in cut.Matches(piece))
                {
                    parts.Add(piece[done..match.Index]);
                    parts.Add(match.Value);
                    done = match.Index + match.Length;
                }

                parts.Add(piece[done..]);
            }

            pieces = [.. parts.Where(part => part.Length > 0)];
        }

        return [.. pieces.Select(piece => piece.Length)];
    }
}
