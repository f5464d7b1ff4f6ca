using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using MoeSharp.Tensors;
using MoeSharp.Text.Gguf;
using MoeSharp.Text.Patterns;
using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Tests.Text.PreTokenization;

/// <summary>Every way of cutting that a GGUF file can name, against its published pattern in another engine.</summary>
public class PreTokenizerLawTests
{
    private const int RandomTexts = 600;

    // Runs of one kind are likely, since patterns look at runs; single strange characters occur between.
    private static readonly string[] s_pools =
    [
        "abcdefgh", "ABCDEFGH", "aBcDeF", "0123456789", "0123456789", "     ", "\n\r\t \u000B\f", "\n\n", "\r\n", ".,;:!?'\"-_()[]{}/\\@#$%^&*+=<>~`|",
        "''''sStTmMdD", "éÀßøœſK", "αβγΔΩΆ", "бгджЯЖ", "中文漢字国", "ぁあカガー", "한글말ㄱㅏ", "ไทยกเแ", "كتابעברית", "हिन्दीকি", "\u0301\u0308\u0345\u20DD\u0903",
        "٠١٢३४௫", "ⅣⅧ½²⑤㊷", "\u00A0\u2003\u3000\u0085\u2028\u1680", "\u200B\u200D\u00AD\u0000\u0007\u007F\uFEFF", "，。！？、…「」‘’“”", "€£¥₿©®°±×÷→∑", "ǅǈʰˈªº",
        "𐐀𐐁𐐨𐐩", "𝐀𝐚𝟎𝟗𝛀", "😀🦙👍🏽‍🚀", "𠀀𠮷𪚥", "\uE000\uFDD0\uFFFD", "ᎠᏸᲐꙀꭰﬀＡａ０", "𞤀𞤢𑜀𐤀",
    ];

    public static TheoryData<string> Names() => [.. PublishedCuts.Names];

    [Fact]
    public void Every_recipe_has_a_definition()
    {
        foreach (PreTokenizerRecipe recipe in PreTokenizerRecipes.All)
        {
            recipe.Names.ShouldContain(name => PublishedCuts.Names.Contains(name), $"none of {string.Join(", ", recipe.Names)}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Pieces_are_those_of_the_published_pattern(string name)
    {
        SplitPreTokenizer[] ours =
        [
            .. PreTokenizerRecipes.Find(name)!.Patterns.Select(pattern => new SplitPreTokenizer(new Pattern(pattern), SplitBehavior.Isolated, invert: false)),
        ];
        Regex[] published = PublishedCuts.Of(name);
        var pieces = new PieceList();
        int count = 0;
        foreach (string text in PublishedTexts().Concat(Enumerable.Range(0, RandomTexts).Select(seed => RandomText((ulong)seed))))
        {
            pieces.Reset(Encoding.UTF8.GetBytes(text));
            foreach (SplitPreTokenizer cut in ours)
            {
                cut.Split(pieces);
            }

            List<int> lengths = [];
            for (int index = 0; index < pieces.Count; index++)
            {
                lengths.Add(Encoding.UTF8.GetString(pieces[index]).EnumerateRunes().Count());
            }

            lengths.ShouldBe(PublishedCuts.Cut(StandIn.Of(text), published), $"{name}: {JsonSerializer.Serialize(text)}");
            count += lengths.Count;
        }

        count.ShouldBeGreaterThan(RandomTexts);
    }

    private static string RandomText(ulong seed)
    {
        var rng = new Rng(seed, stream: 77);
        var text = new StringBuilder();
        int runs = 1 + rng.NextInt(14);
        for (int run = 0; run < runs; run++)
        {
            Rune[] pool = [.. s_pools[rng.NextInt(s_pools.Length)].EnumerateRunes()];
            int length = 1 + rng.NextInt(rng.NextInt(4) == 0 ? 12 : 3);
            for (int i = 0; i < length; i++)
            {
                text.Append(pool[rng.NextInt(pool.Length)]);
            }

            if (rng.NextInt(3) == 0)
            {
                text.Append(rng.NextInt(2) == 0 ? " " : "\n");
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> PublishedTexts()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Golden", "Data");
        foreach (string text in File.ReadAllText(Path.Combine(folder, "vocabularies", "texts.inp")).Split("\n__ggml_vocab_test__\n"))
        {
            yield return text;
        }

        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "tokenizers", "deepseek_v3.json")));
        foreach (JsonElement element in cases.RootElement.GetProperty("cases").EnumerateArray())
        {
            yield return element.GetProperty("text").GetString()!;
        }
    }
}
