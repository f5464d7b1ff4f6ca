using System.IO.Compression;
using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;

namespace MoeSharp.Tests.Text.Gguf;

public class GgufVocabularyTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "vocabularies");

    public static TheoryData<string> Files() => [.. Directory.GetFiles(s_folder, "*.gguf.gz").Select(file => Path.GetFileName(file)[..^8]).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_text_gets_the_ids_of_the_models_own_tokenizer(string name)
    {
        GgufVocabulary vocabulary = Read(name);
        string[] texts = File.ReadAllText(Path.Combine(s_folder, "texts.inp")).Split("\n__ggml_vocab_test__\n");
        string[] lines = File.ReadAllLines(Path.Combine(s_folder, name + ".out"));
        lines.Length.ShouldBe(46);
        for (int i = 0; i < lines.Length; i++)
        {
            int[] ids = [.. lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
            vocabulary.Tokenizer.Encode(texts[i]).ShouldBe(ids, $"{name}: '{texts[i]}'");
            vocabulary.Tokenizer.Encode(texts[i], recogniseSpecial: true).ShouldBe(ids, $"{name}: '{texts[i]}'");
            vocabulary.Tokenizer.Decode(ids).ShouldBe(texts[i], name);
            var stream = new TokenStream(vocabulary.Tokenizer);
            (string.Concat(ids.Select(stream.Add)) + stream.Finish()).ShouldBe(texts[i], name);
        }
    }

    [Fact]
    public void Every_vocabulary_is_tried() => Files().Count.ShouldBe(6);

    [Theory]
    [InlineData("llama-spm", 1, new[] { 2 }, new[] { 1, 15043 })]
    [InlineData("phi-3", 1, new[] { 32000 }, new[] { 1, 15043 })]
    [InlineData("deepseek-llm", 100000, new[] { 100001 }, new[] { 100000, 17464 })]
    [InlineData("gpt-2", 50256, new[] { 50256 }, new[] { 15496 })]
    public void Begin_and_end_tokens_are_those_of_the_file(string name, int begin, int[] ends, int[] ids)
    {
        GgufVocabulary vocabulary = Read(name);
        vocabulary.BeginId.ShouldBe(begin);
        vocabulary.EndIds.ShouldBe(ends);
        vocabulary.Tokenizer.Encode("Hello", addSpecial: true).ShouldBe(ids);
    }

    [Fact]
    public void Special_tokens_are_text_unless_they_are_asked_for_and_a_piece_after_one_gets_its_space()
    {
        Tokenizer tokenizer = Read("phi-3").Tokenizer;
        tokenizer.Encode("<|user|>\nHello<|end|>").ShouldNotContain(32010);
        tokenizer.Encode("<|user|>Hello<|end|>", recogniseSpecial: true).ShouldBe([32010, 15043, 32007]);
        tokenizer.Decode([32010, 15043, 32007]).ShouldBe("<|user|>Hello<|end|>");
        tokenizer.Decode([32010, 15043, 32007], skipSpecial: true).ShouldBe("Hello");
        Read("phi-3").ChatTemplate.ShouldNotBeNull().ShouldContain("<|user|>");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_vocabulary_is_written_to_its_own_kind_of_file_and_to_metadata_and_stays_the_same(string name)
    {
        GgufVocabulary first = Read(name);
        var metadata = new GgufMetadata();
        GgufVocabulary.Write(first.Tokenizer, metadata, first.BeginId, first.EndIds[0], "{{ template }}");
        GgufVocabulary second = GgufVocabulary.Read(Reread(metadata));
        second.BeginId.ShouldBe(first.BeginId);
        second.EndIds[0].ShouldBe(first.EndIds[0]);
        second.ChatTemplate.ShouldBe("{{ template }}");
        using var stream = new MemoryStream();
        first.Tokenizer.Write(stream);
        Tokenizer third = Tokenizer.Parse(stream.ToArray(), first.Tokenizer.FileName).RecogniseControl();
        foreach (string text in File.ReadAllText(Path.Combine(s_folder, "texts.inp")).Split("\n__ggml_vocab_test__\n"))
        {
            int[] ids = first.Tokenizer.Encode(text, recogniseSpecial: true, addSpecial: true);
            second.Tokenizer.Encode(text, recogniseSpecial: true, addSpecial: true).ShouldBe(ids, text);
            third.Encode(text, recogniseSpecial: true, addSpecial: true).ShouldBe(ids, text);
            third.Decode(ids, skipSpecial: true).ShouldBe(text);
        }
    }

    [Theory]
    [InlineData("deepseek_v3", "deepseek-v3")]
    [InlineData("gpt_neox_20b", "olmo")]
    [InlineData("qwen3", "qwen2")]
    [InlineData("gptoss", "gpt-4o")]
    [InlineData("mistral_v1", "default")]
    [InlineData("mistral_v3", "default")]
    public void A_published_tokenizer_goes_into_metadata_and_comes_back(string name, string pre)
    {
        byte[] file = TokenizerGoldenTests.ReadFile(name);
        var metadata = new GgufMetadata();
        GgufVocabulary.Write(Tokenizer.Parse(file, name), metadata);
        metadata.GetText("tokenizer.ggml.pre").ShouldBe(pre);
        Tokenizer tokenizer = GgufVocabulary.Read(Reread(metadata)).Tokenizer;
        string path = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "tokenizers", name + ".json");
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(path));
        foreach (JsonElement item in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            // In SentencePiece no text becomes a control token, so there "special as text" is what the file itself says.
            bool special = !name.StartsWith("mistral", StringComparison.Ordinal);
            string text = item.GetProperty("text").GetString()!;
            int[] ids = [.. item.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            tokenizer.Encode(text, recogniseSpecial: special).ShouldBe(ids, text);
            tokenizer.Decode(ids).ShouldBe(item.GetProperty("decoded").GetString(), text);
        }
    }

    private static GgufMetadata Reread(GgufMetadata metadata) => GgufHeader.Read(GgufHeaderWriter.Write(3, 32, metadata, []), "t.gguf").Metadata;

    private static GgufVocabulary Read(string name)
    {
        using var content = new MemoryStream();
        using var gzip = new GZipStream(File.OpenRead(Path.Combine(s_folder, name + ".gguf.gz")), CompressionMode.Decompress);
        gzip.CopyTo(content);
        return GgufVocabulary.Read(GgufHeader.Read(content.ToArray(), name + ".gguf").Metadata);
    }
}
