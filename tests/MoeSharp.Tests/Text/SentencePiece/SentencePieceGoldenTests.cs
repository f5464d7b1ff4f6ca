using System.IO.Compression;
using System.Text.Json;
using MoeSharp.Text;

namespace MoeSharp.Tests.Text.SentencePiece;

public class SentencePieceGoldenTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "sentencepiece");

    [Theory]
    [InlineData("unigram_nmt")]
    [InlineData("unigram_fallback")]
    [InlineData("bpe_cf")]
    [InlineData("bpe_suffix")]
    public void Every_text_gets_the_ids_of_sentencepiece_and_its_text_back(string name)
    {
        Tokenizer tokenizer = Tokenizer.Parse(Read(name), name + ".model");
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_folder, name + ".json")));
        int count = 0;
        var faults = new List<string>();
        foreach (JsonElement item in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            string text = item.GetProperty("text").GetString()!;
            int[] ids = Ids(item, "ids");
            string decoded = item.GetProperty("decoded").GetString()!;
            var stream = new TokenStream(tokenizer);
            Compare(text, "ids", tokenizer.Encode(text, recogniseSpecial: true), ids);
            Compare(text, "ids with begin", tokenizer.Encode(text, addSpecial: true), Ids(item, "ids_with_special"));
            Compare(text, "text", tokenizer.Decode(ids), decoded);
            Compare(text, "streamed text", string.Concat(ids.Select(stream.Add)) + stream.Finish(), decoded);
            count++;
        }

        faults.ShouldBeEmpty(string.Join('\n', faults));
        count.ShouldBe(94);

        void Compare<T>(string text, string what, IEnumerable<T> got, IEnumerable<T> expected)
        {
            if (!got.SequenceEqual(expected))
            {
                faults.Add($"'{text}': {what} [{string.Join(' ', got)}], expected [{string.Join(' ', expected)}]");
            }
        }

        static int[] Ids(JsonElement item, string key) => [.. item.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())];
    }

    [Theory]
    [InlineData("unigram_nmt")]
    [InlineData("bpe_suffix")]
    public void A_saved_model_is_the_same_file(string name)
    {
        byte[] content = Read(name);
        Tokenizer tokenizer = Tokenizer.Parse(content, name + ".model");
        using var saved = new MemoryStream();
        tokenizer.Write(saved);
        saved.ToArray().ShouldBe(content);
        tokenizer.FileName.ShouldBe("tokenizer.model");
    }

    internal static byte[] Read(string name)
    {
        using var content = new MemoryStream();
        using var gzip = new GZipStream(File.OpenRead(Path.Combine(s_folder, name + ".tokenizer.model.gz")), CompressionMode.Decompress);
        gzip.CopyTo(content);
        return content.ToArray();
    }
}
