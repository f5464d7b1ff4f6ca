using System.Text;
using MoeSharp.Tensors;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Tests.Text.Patterns;

public class PatternTests
{
    [Theory]
    [InlineData("a+", "baaac", "aaa")]
    [InlineData("a+?", "aaa", "a|a|a")]
    [InlineData("a{2}", "aaaaa", "aa|aa")]
    [InlineData("a{2,3}b", "aaaab ab", "aaab")]
    [InlineData("a{,2}b", "aab", "aab")]
    [InlineData("a{x}", "a{x}", "a{x}")]
    [InlineData("(?:ab)+c?", "ababc abd", "ababc|ab")]
    [InlineData("(?:ab)+?", "abab", "ab|ab")]
    [InlineData("(?:ab){2}", "ababab", "abab")]
    [InlineData("a++a", "aaaa", "")]
    [InlineData("(?>a+|b)a", "aaba", "ba")]
    [InlineData("x(?=y)", "xz xy", "x")]
    [InlineData("x(?!y)", "xy xz", "x")]
    [InlineData("(?<=a+)b", "ab cb aab", "b|b")]
    [InlineData("(?<!a)b", "ab cb b", "b|b")]
    [InlineData("(?i:'s|'t)", "'S 't 's", "'S|'t|'s")]
    [InlineData("(?i)k[a-c]", "kA Ka \u212Ab", "kA|Ka|\u212Ab")]
    [InlineData("[^\\s\\p{L}]+", "a1! b\u2028c", "1!")]
    [InlineData("[\\p{L}&&[^a-c]]+", "abcdefabc", "def")]
    [InlineData("[a-c[x-z]]+", "bxqzc", "bx|zc")]
    [InlineData("\\p{Han}+", "中文 abc 漢", "中文|漢")]
    [InlineData("\\p{^L}+|\\P{Letter}+", "a12b", "12")]
    [InlineData("\\p{Lu}\\p{Ll}*", "Ab CD", "Ab|C|D")]
    [InlineData("^\\w+$", "one\ntwo", "one|two")]
    [InlineData("\\bto\\b", "to tom to", "to|to")]
    [InlineData("\\A.|.\\z", "abc", "a|c")]
    [InlineData("\\x41\\u0042\\x{43}", "ABC", "ABC")]
    [InlineData("[]a]+", "]a]", "]a]")]
    [InlineData("[a\\-z-]+", "a-zb", "a-z")]
    [InlineData("\\p{L}+", "𐐀𐐨x😀y", "𐐀𐐨x|y")]
    [InlineData(".", "é😀", "é|😀")]
    public void Matches_are_those_of_the_dialect(string pattern, string text, string expected)
    {
        string.Join('|', Matches(pattern, Encoding.UTF8.GetBytes(text)).Select(Encoding.UTF8.GetString)).ShouldBe(expected);
    }

    [Theory]
    [InlineData("(a")]
    [InlineData("a)")]
    [InlineData("[a")]
    [InlineData("*a")]
    [InlineData("a\\")]
    [InlineData("\\p{Nonsense}")]
    [InlineData("\\pL")]
    [InlineData("(a)\\1")]
    [InlineData("(?x:a)")]
    [InlineData("(?<name>a)")]
    [InlineData("(?:a*)*")]
    [InlineData("[z-a]")]
    [InlineData("[[:alpha:]]")]
    [InlineData("a{3,2}")]
    [InlineData("\\xZZ")]
    [InlineData("\\K")]
    public void What_is_wrong_or_not_supported_is_refused_with_the_place(string pattern)
    {
        Should.Throw<PatternSyntaxException>(() => new Pattern(pattern)).Message.ShouldContain($"pattern '{pattern}', character ");
    }

    [Fact]
    public void Deep_nesting_and_huge_repetition_are_refused()
    {
        Should.Throw<PatternSyntaxException>(() => new Pattern(new string('(', 100_000)));
        Should.Throw<PatternSyntaxException>(() => new Pattern(new string('[', 100_000)));
        Should.Throw<PatternSyntaxException>(() => new Pattern("(?:(?:ab){1000}){1000}"));
    }

    [Theory]
    [InlineData(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    [InlineData(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    [InlineData(@"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|\p{N}{1,3}|\s+(?!\S)|(?<=\s)\d|[^\s]")]
    public void On_the_basic_plane_matches_equal_those_of_the_runtime(string pattern)
    {
        string[] parts = ["'s", "'LL", "I", "x", "Ab", "é", "中", "12", "7", " ", "  ", "\n", "\r\n", "\t", "!", "…", "\u00a0", "\u0301", "ǅ"];
        var random = new Rng(11);
        for (int round = 0; round < 400; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.NextInt(30)).Select(_ => parts[random.NextInt(parts.Length)]));
            IEnumerable<string> expected = System.Text.RegularExpressions.Regex
                .Matches(text, pattern, System.Text.RegularExpressions.RegexOptions.CultureInvariant).Select(match => match.Value);
            Matches(pattern, Encoding.UTF8.GetBytes(text)).Select(Encoding.UTF8.GetString).ShouldBe(expected, text);
        }
    }

    [Fact]
    public void Bytes_outside_utf8_are_units_of_no_category()
    {
        byte[] text = [0x61, 0xFF, 0xE4, 0xB8, 0x62, 0xE4, 0xB8, 0xAD];
        Matches(@"\p{L}+", text).ShouldBe([[0x61], [0x62, 0xE4, 0xB8, 0xAD]]);
        Matches(@"[^\p{L}]+", text).ShouldBe([[0xFF, 0xE4, 0xB8]]);
        Matches(@"(?<=[^\p{L}])\p{L}", text).ShouldBe([[0x62]]);
    }

    [Fact]
    public void A_long_run_needs_neither_stack_nor_quadratic_time()
    {
        byte[] text = Encoding.UTF8.GetBytes(new string('a', 300_000));
        Matches("(?:a|b)+", text).Count.ShouldBe(1);
        Matches("a*b|a+", text).Count.ShouldBe(1);
    }

    private static List<byte[]> Matches(string source, byte[] text)
    {
        var pattern = new Pattern(source);
        var stack = new BacktrackStack();
        var matches = new List<byte[]>();
        int from = 0;
        while (from <= text.Length && pattern.TryFind(text, from, stack, out int start, out int end))
        {
            stack.Count.ShouldBe(0);
            matches.Add(text[start..end]);
            from = end > start ? end : end + 1;
        }

        return matches;
    }
}
