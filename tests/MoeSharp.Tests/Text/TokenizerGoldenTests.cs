using System.IO.Compression;
using System.Text.Json;
using MoeSharp.Text;

namespace MoeSharp.Tests.Text;

public class TokenizerGoldenTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "tokenizers");

    /// <summary>Four of the six files are in the repository; the others are too large for it and are read from a folder of reference outputs, if there is one.</summary>
    [Theory]
    [InlineData("deepseek_v3")]
    [InlineData("gpt_neox_20b")]
    [InlineData("qwen3")]
    [InlineData("gptoss")]
    [InlineData("mistral_v1")]
    [InlineData("mistral_v3")]
    public void Every_text_gets_the_ids_of_the_reference_and_comes_back(string name)
    {
        Tokenizer tokenizer = Load(name);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_folder, name + ".json")));
        int count = 0;
        foreach (JsonElement item in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            string text = item.GetProperty("text").GetString()!;
            string label = $"{name}, {item.GetProperty("category").GetString()}: '{text}'";
            int[] ids = Ids(item, "ids")!;
            tokenizer.Encode(text, recogniseSpecial: true).ShouldBe(ids, label);
            tokenizer.Encode(text, recogniseSpecial: true, addSpecial: true).ShouldBe(Ids(item, "ids_with_special")!, label);
            tokenizer.Encode(text).ShouldBe(Ids(item, "ids_special_as_text") ?? ids, label);
            string decoded = item.GetProperty("decoded").GetString()!;
            tokenizer.Decode(ids).ShouldBe(decoded, label);
            string skipped = item.TryGetProperty("decoded_skip_special", out JsonElement other) ? other.GetString()! : decoded;
            tokenizer.Decode(ids, skipSpecial: true).ShouldBe(skipped, label);

            var stream = new TokenStream(tokenizer);
            (string.Concat(ids.Select(stream.Add)) + stream.Finish()).ShouldBe(decoded, label);
            count++;
        }

        count.ShouldBe(72);
    }

    [Fact]
    public void A_saved_published_tokenizer_loads_as_the_same_tokenizer()
    {
        Tokenizer first = Load("gpt_neox_20b");
        using var stream = new MemoryStream();
        first.Write(stream);
        Tokenizer second = Tokenizer.Parse(stream.ToArray());
        const string Text = "Round  trip of <|endoftext|> naïve, 12345 and\n\n   indented é text";
        second.Encode(Text, recogniseSpecial: true).ShouldBe(first.Encode(Text, recogniseSpecial: true));
        second.VocabularySize.ShouldBe(first.VocabularySize);
        second.AddedTokens.ShouldBe(first.AddedTokens);
    }

    private static Tokenizer Load(string name) => Tokenizer.Parse(ReadFile(name), name);

    internal static byte[] ReadFile(string name)
    {
        string file = Path.Combine(s_folder, name + (name.StartsWith("mistral", StringComparison.Ordinal) ? ".tokenizer.model.gz" : ".tokenizer.json.gz"));
        if (!File.Exists(file))
        {
            string? shared = Environment.GetEnvironmentVariable("MOESHARP_SHARED");
            file = Path.Combine(shared ?? string.Empty, "tokenizers", "files", name + ".json.gz");
            Assert.SkipUnless(File.Exists(file), $"the tokenizer file of {name} is not in the repository; set MOESHARP_SHARED to a folder with tokenizers/files/{name}.json.gz.");
        }

        using var content = new MemoryStream();
        using (var gzip = new GZipStream(File.OpenRead(file), CompressionMode.Decompress))
        {
            gzip.CopyTo(content);
        }

        return content.ToArray();
    }

    private static int[]? Ids(JsonElement item, string key) =>
        item.TryGetProperty(key, out JsonElement ids) ? [.. ids.EnumerateArray().Select(id => id.GetInt32())] : null;
}
