using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Text;

namespace MoeSharp.Tests.Text;

public class TokenizerFileTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "tokenizer_malformed");

    /// <summary>Contradictory files that the library lets pass, and that occur in published tokenizers: gaps in ids, exact repetitions.</summary>
    private static readonly string[] s_accepted = ["vocab_id_gap.json", "added_id_gap.json", "added_duplicate_content.json"];

    public static TheoryData<string> Files()
    {
        using JsonDocument index = Index();
        return [.. index.RootElement.GetProperty("cases").EnumerateArray().Select(item => item.GetProperty("file").GetString()!)];
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_valid_file_encodes_as_the_library_does_and_a_defective_one_is_refused_with_its_name(string file)
    {
        using JsonDocument index = Index();
        JsonElement item = index.RootElement.GetProperty("cases").EnumerateArray().Single(entry => entry.GetProperty("file").GetString() == file);
        byte[] content = File.ReadAllBytes(Path.Combine(s_folder, file));
        if (!item.GetProperty("valid").GetBoolean() && !s_accepted.Contains(file))
        {
            ModelFormatException fault = Should.Throw<ModelFormatException>(() => Tokenizer.Parse(content, file));
            fault.Message.ShouldStartWith(file);
            (fault.Item is not null || fault.Offset is not null).ShouldBeTrue(fault.Message);
            return;
        }

        Tokenizer tokenizer = Tokenizer.Parse(content, file);
        JsonElement library = item.GetProperty("library");
        int[] ids = [.. library.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
        tokenizer.Encode(index.RootElement.GetProperty("probe").GetString()!, recogniseSpecial: true).ShouldBe(ids);
        tokenizer.Decode(ids).ShouldBe(library.GetProperty("decoded").GetString());
        ids.Select(tokenizer.TokenOf).ShouldBe(library.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()));
    }

    [Fact]
    public void Every_file_of_the_folder_is_tried() => Files().Count.ShouldBe(63);

    [Theory]
    [InlineData("\"normalizer\":{\"type\":\"NFC\"}", "\"normalizer\":{\"type\":\"Lowercase\"}", "normalizer.type")]
    [InlineData("\"end_of_word_suffix\":null", "\"end_of_word_suffix\":\"</w>\"", "model.end_of_word_suffix")]
    [InlineData("\"truncation\":null", "\"truncation\":{\"max_length\":512}", "truncation")]
    [InlineData("\"fuse_unk\":false", "\"fuse_unk\":false,\"novelty\":1", "model.novelty")]
    [InlineData("\"post_processor\":null", "\"post_processor\":{\"type\":\"BertProcessing\"}", "post_processor.type")]
    [InlineData("\"decoder\":{\"type\":\"ByteLevel\"", "\"decoder\":{\"type\":\"WordPiece\"", "decoder.type")]
    [InlineData("\"pre_tokenizer\":{\"type\":\"Sequence\"", "\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"", "pre_tokenizer.type")]
    public void What_would_change_the_result_and_is_not_supported_is_named(string old, string replacement, string key)
    {
        string good = File.ReadAllText(Path.Combine(s_folder, "good.json"));
        good.ShouldContain(old);
        byte[] json = System.Text.Encoding.UTF8.GetBytes(good.Replace(old, replacement, StringComparison.Ordinal));
        ModelFormatException fault = Should.Throw<ModelFormatException>(() => Tokenizer.Parse(json, "t.json"));
        fault.Item.ShouldBe($"key '{key}'");
    }

    [Theory]
    [InlineData("lstrip", "low <s> low", new[] { 13, 1, 11, 13 })]
    [InlineData("rstrip", "low <s> low", new[] { 13, 11, 1, 13 })]
    [InlineData("single_word", "low <s> low", new[] { 13, 11, 1, 11, 13 })]
    [InlineData("single_word", "low<s> low", new[] { 13, 0, 8, 0, 11, 13 })]
    public void Flags_of_an_added_token_are_kept(string flag, string text, int[] expected)
    {
        string good = File.ReadAllText(Path.Combine(s_folder, "good.json"));
        int at = good.IndexOf($"\"{flag}\":false", good.IndexOf("\"content\":\"<s>\"", StringComparison.Ordinal), StringComparison.Ordinal);
        string json = good[..at] + $"\"{flag}\":true" + good[(at + flag.Length + 8)..];
        Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes(json)).Encode(text, recogniseSpecial: true).ShouldBe(expected);
    }

    [Fact]
    public void An_empty_entry_of_the_vocabulary_does_no_harm()
    {
        string good = File.ReadAllText(Path.Combine(s_folder, "good.json"));
        int from = good.IndexOf("\"pre_tokenizer\":", StringComparison.Ordinal), to = good.IndexOf("\"post_processor\":", StringComparison.Ordinal);
        string json = (good[..from] + "\"pre_tokenizer\":{\"type\":\"Digits\",\"individual_digits\":true}," + good[to..])
            .Replace("\"d\":2,", "\"\":2,", StringComparison.Ordinal);
        json.ShouldContain("\"\":2");
        Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes(json)).Encode("low").ShouldBe([13]);
    }

    [Fact]
    public void A_template_adds_its_tokens_only_on_request()
    {
        string good = File.ReadAllText(Path.Combine(s_folder, "good.json"));
        const string Template = """
            "post_processor":{"type":"TemplateProcessing",
            "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"end","type_id":0}}],
            "pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]},"end":{"id":"end","ids":[0,1],"tokens":["<unk>","<s>"]}}}
            """;
        byte[] json = System.Text.Encoding.UTF8.GetBytes(good.Replace("\"post_processor\":null", Template, StringComparison.Ordinal));
        Tokenizer tokenizer = Tokenizer.Parse(json);
        tokenizer.Encode("low").ShouldBe([13]);
        tokenizer.Encode("low", addSpecial: true).ShouldBe([1, 13, 0, 1]);

        using var saved = new MemoryStream();
        tokenizer.Write(saved);
        Tokenizer.Parse(saved.ToArray()).Encode("low", addSpecial: true).ShouldBe([1, 13, 0, 1]);
    }

    private static JsonDocument Index() => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_folder, "index.json")));
}
