using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Tests.Text.Gguf;

public class GgufVocabularyFaultTests
{
    private static readonly string[] s_tokens = ["a", "b", "c", "ab", "abc", "<s>", "bc"];

    [Theory]
    [InlineData("unknown pre", "tokenizer.ggml.pre", "'mystery'")]
    [InlineData("unknown model", "tokenizer.ggml.model", "'rwkv'")]
    [InlineData("no tokens", "tokenizer.ggml.tokens", "missing")]
    [InlineData("repeated", "tokenizer.ggml.tokens", "'a' twice")]
    [InlineData("types", "tokenizer.ggml.token_type", "1 elements")]
    [InlineData("begin", "tokenizer.ggml.bos_token_id", "is 99")]
    [InlineData("begin missing", "tokenizer.ggml.bos_token_id", "is missing")]
    [InlineData("no merges", "tokenizer.ggml.merges", "missing")]
    [InlineData("merge of one", "tokenizer.ggml.merges", "'ab'")]
    [InlineData("merge of nothing", "tokenizer.ggml.merges", "'x'")]
    [InlineData("scores", "tokenizer.ggml.scores", "2 elements")]
    [InlineData("score is no number", "tokenizer.ggml.tokens", "finite")]
    public void A_contradiction_is_named_with_its_key(string defect, string key, string part)
    {
        GgufMetadata metadata = Metadata(defect.StartsWith("score", StringComparison.Ordinal) ? "llama" : "gpt2");
        switch (defect)
        {
            case "unknown pre":
                metadata.Set("tokenizer.ggml.pre", GgufValue.Of("mystery"));
                break;
            case "unknown model":
                metadata.Set("tokenizer.ggml.model", GgufValue.Of("rwkv"));
                break;
            case "no tokens":
                metadata.Remove("tokenizer.ggml.tokens");
                break;
            case "repeated":
                metadata.Set("tokenizer.ggml.tokens", Texts("a", "b", "a"));
                break;
            case "types":
                metadata.Set("tokenizer.ggml.token_type", GgufValue.Of([1]));
                break;
            case "begin":
                metadata.Set("tokenizer.ggml.bos_token_id", GgufValue.Of(99u));
                break;
            case "begin missing":
                metadata.Set("tokenizer.ggml.add_bos_token", GgufValue.Of(true));
                break;
            case "no merges":
                metadata.Remove("tokenizer.ggml.merges");
                break;
            case "merge of one":
                metadata.Set("tokenizer.ggml.merges", Texts("ab"));
                break;
            case "merge of nothing":
                metadata.Set("tokenizer.ggml.merges", Texts("x b"));
                break;
            case "scores":
                metadata.Set("tokenizer.ggml.scores", GgufValue.Of([1f, 2f]));
                break;
            default:
                metadata.Set("tokenizer.ggml.scores", GgufValue.Of([1f, float.NaN, 1f, 1f, 1f, 1f, 1f]));
                break;
        }

        ModelFormatException fault = Should.Throw<ModelFormatException>(() => GgufVocabulary.Read(metadata));
        fault.Item.ShouldBe($"key '{key}'");
        fault.Message.ShouldContain(part);
    }

    [Fact]
    public void Kimi_without_merges_joins_the_lowest_id_first()
    {
        GgufMetadata metadata = Metadata("gpt2");
        metadata.Remove("tokenizer.ggml.merges");
        metadata.Set("tokenizer.ggml.pre", GgufValue.Of("kimi-k2"));
        Tokenizer tokenizer = GgufVocabulary.Read(metadata).Tokenizer;
        tokenizer.Encode("abcb").ShouldBe([4, 1]);
        tokenizer.Encode("cbc").ShouldBe([2, 6]);
    }

    [Fact]
    public void A_file_without_flags_adds_what_its_kind_adds()
    {
        GgufVocabulary.Read(Metadata("llama")).Tokenizer.Encode("a", addSpecial: true)[0].ShouldBe(1);
        GgufMetadata llama3 = Metadata("gpt2");
        llama3.Set("tokenizer.ggml.pre", GgufValue.Of("llama-bpe"));
        llama3.Set("tokenizer.ggml.bos_token_id", GgufValue.Of(5u));
        GgufVocabulary.Read(llama3).Tokenizer.Encode("ab", addSpecial: true).ShouldBe([5, 3]);
        llama3.Set("tokenizer.ggml.add_bos_token", GgufValue.Of(false));
        llama3.Set("tokenizer.ggml.add_eos_token", GgufValue.Of(true));
        llama3.Set("tokenizer.ggml.eos_token_id", GgufValue.Of(4u));
        GgufVocabulary.Read(llama3).Tokenizer.Encode("ab", addSpecial: true).ShouldBe([3, 4]);
    }

    [Fact]
    public void A_byte_outside_utf8_becomes_its_byte_token()
    {
        GgufMetadata metadata = Metadata("llama");
        string[] tokens = ["<unk>", "<s>", "\u2581", "a", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")];
        metadata.Set("tokenizer.ggml.tokens", Texts(tokens));
        metadata.Set("tokenizer.ggml.scores", GgufValue.Of(new float[tokens.Length]));
        metadata.Set("tokenizer.ggml.token_type", GgufValue.Of((int[])[2, 3, 1, 1, .. Enumerable.Repeat(6, 256)]));
        Tokenizer tokenizer = GgufVocabulary.Read(metadata).Tokenizer;
        tokenizer.CoversAllBytes.ShouldBeTrue();
        tokenizer.Encode([(byte)'a', 0xFF, 0xE4, (byte)'a']).ShouldBe([2, 3, 4 + 0xFF, 4 + 0xE4, 3]);
        tokenizer.DecodeBytes([2, 3, 4 + 0xFF, 4 + 0xE4, 3]).ShouldBe([(byte)'a', 0xFF, 0xE4, (byte)'a']);
    }

    [Fact]
    public void Every_recipe_compiles_and_no_name_means_two()
    {
        PreTokenizerRecipes.All.SelectMany(recipe => recipe.Names).ShouldBeUnique();
        foreach (string pattern in PreTokenizerRecipes.All.SelectMany(recipe => recipe.Patterns))
        {
            Should.NotThrow(() => new Pattern(pattern));
        }
    }

    [Fact]
    public void What_metadata_cannot_say_is_refused()
    {
        byte[] suffix = SentencePiece.SentencePieceGoldenTests.Read("bpe_suffix");
        Should.Throw<ConfigException>(() => GgufVocabulary.Write(Tokenizer.Parse(suffix, "t.model"), new GgufMetadata())).Message.ShouldContain("behind");
    }

    private static GgufMetadata Metadata(string model)
    {
        var metadata = new GgufMetadata("t.gguf");
        metadata.Set("tokenizer.ggml.model", GgufValue.Of(model));
        metadata.Set("tokenizer.ggml.pre", GgufValue.Of("gpt-2"));
        metadata.Set("tokenizer.ggml.tokens", Texts(s_tokens));
        metadata.Set("tokenizer.ggml.merges", Texts("a b", "ab c"));
        return metadata;
    }

    private static GgufValue Texts(params string[] texts) => GgufValue.Of(GgufTexts.Create(texts));
}
