using System.Text.Json.Nodes;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Tests.Formats;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;

namespace MoeSharp.Tests.Text.Json;

/// <summary>What <c>tokenizer_config.json</c> adds to the tokenizer file beside it.</summary>
public class TokenizerConfigTests
{
    private const string Vocabulary = """{"a":0,"b":1,"<s>":2,"</s>":3,"ab":4}""";

    [Fact]
    public void A_published_configuration_puts_the_begin_token_in_front()
    {
        // As beside DeepSeek-V3: the tokenizer.json adds nothing, add_bos_token is true.
        using var folder = new TemporaryFolder();
        byte[] file = TokenizerGoldenTests.ReadFile("deepseek_v3");
        File.WriteAllBytes(folder["tokenizer.json"], file);
        Tokenizer alone = Tokenizer.Load(folder.Path);
        alone.Encode("Hello", addSpecial: true).ShouldBe(alone.Encode("Hello"));
        File.WriteAllText(folder["tokenizer_config.json"], """
            {"add_bos_token": true, "add_eos_token": false, "bos_token": {"__type": "AddedToken", "content": "<｜begin▁of▁sentence｜>"},
             "eos_token": "<｜end▁of▁sentence｜>", "model_max_length": 16384, "chat_template": "{{ messages }}"}
            """);
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        alone.TryGetId("<｜begin▁of▁sentence｜>", out int begin).ShouldBeTrue();
        tokenizer.Encode("Hello", addSpecial: true).ShouldBe([begin, .. alone.Encode("Hello")]);
        tokenizer.Encode("Hello").ShouldBe(alone.Encode("Hello"));
        Tokenizer.Load(folder["tokenizer.json"]).Encode("Hello", addSpecial: true).ShouldBe(alone.Encode("Hello"), "a file that is named is read alone");

        // Saved and in GGUF it is part of the tokenizer itself.
        using var saved = new MemoryStream();
        tokenizer.Write(saved);
        Tokenizer.Parse(saved.ToArray()).Encode("Hello", addSpecial: true).ShouldBe([begin, .. alone.Encode("Hello")]);
        var metadata = new GgufMetadata();
        GgufVocabulary.Write(tokenizer, metadata);
        metadata.GetOptionalFlag("tokenizer.ggml.add_bos_token").ShouldBe(true);
        GgufVocabulary.Read(metadata).Tokenizer.Encode("Hello", addSpecial: true).ShouldBe([begin, .. alone.Encode("Hello")]);
    }

    [Theory]
    [InlineData("{}", "0 1")]
    [InlineData("""{"add_bos_token":true,"bos_token":"<s>"}""", "2 0 1")]
    [InlineData("""{"add_eos_token":true,"eos_token":{"content":"</s>"}}""", "0 1 3")]
    [InlineData("""{"add_bos_token":true,"add_eos_token":true,"bos_token":"<s>","eos_token":"</s>"}""", "2 0 1 3")]
    [InlineData("""{"add_bos_token":false,"bos_token":"<s>"}""", "0 1")]
    [InlineData("""{"add_bos_token":null,"bos_token":"<s>"}""", "0 1")]
    public void Flags_add_what_the_post_processor_does_not(string config, string expected) =>
        string.Join(' ', Load(config).Encode("ab", addSpecial: true)).ShouldBe(expected);

    [Fact]
    public void What_the_post_processor_adds_stays()
    {
        const string Template = """
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"</s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],
             "special_tokens":{"</s>":{"id":"</s>","ids":[3],"tokens":["</s>"]}}}
            """;
        Load("""{"add_bos_token":true,"bos_token":"<s>","add_eos_token":true,"eos_token":"</s>"}""", Template).Encode("a", addSpecial: true).ShouldBe([3, 0, 3]);
        Load("""{"add_bos_token":false}""", Template).Encode("a", addSpecial: true).ShouldBe([3, 0]);
    }

    [Fact]
    public void Added_tokens_that_the_file_lacks_are_added()
    {
        Tokenizer tokenizer = Load("""
            {"added_tokens_decoder":{"3":{"content":"</s>","special":true},"5":{"content":"<call>","special":true,"lstrip":false},
             "6":{"content":"word","special":false,"single_word":true},"9":{"content":"a","special":true}}}
            """);
        tokenizer.Encode("a<call>b", recogniseSpecial: true).ShouldBe([0, 5, 1]);
        tokenizer.Encode("a</s>", recogniseSpecial: true).ShouldBe([0, 3]);
        tokenizer.TokenOf(6).ShouldBe("word");
        tokenizer.IsSpecial(5).ShouldBeTrue();
        tokenizer.IsSpecial(6).ShouldBeFalse();
        tokenizer.TokenOf(9).ShouldBeNull("the tokenizer file has that text, and knows better");
        tokenizer.VocabularySize.ShouldBe(7);
        using var saved = new MemoryStream();
        tokenizer.Write(saved);
        Tokenizer.Parse(saved.ToArray()).AddedTokens.ShouldBe(tokenizer.AddedTokens);
    }

    [Theory]
    [InlineData("[]", "key ''")]
    [InlineData("""{"add_bos_token":1}""", "key 'add_bos_token'")]
    [InlineData("""{"add_bos_token":true}""", "key 'add_bos_token'")]
    [InlineData("""{"add_eos_token":true,"eos_token":"<end>"}""", "key 'eos_token'")]
    [InlineData("""{"added_tokens_decoder":[]}""", "key 'added_tokens_decoder'")]
    [InlineData("""{"added_tokens_decoder":{"x":{"content":"y"}}}""", "key 'added_tokens_decoder['x']'")]
    [InlineData("""{"added_tokens_decoder":{"7":{"special":true}}}""", "key 'added_tokens_decoder['7'].content'")]
    [InlineData("""{"added_tokens_decoder":{"1":{"content":"y"}}}""", "key 'added_tokens_decoder['1'].content'")]
    [InlineData("""{"added_tokens_decoder":{"2000000000":{"content":"y"}}}""", "key 'added_tokens_decoder['2000000000']'")]
    public void A_faulty_configuration_is_named(string config, string item)
    {
        ModelFormatException fault = Should.Throw<ModelFormatException>(() => Load(config));
        fault.Item.ShouldBe(item);
        fault.Message.ShouldContain("tokenizer_config.json");
    }

    [Fact]
    public void Broken_json_is_named() => Should.Throw<ModelFormatException>(() => Load("{")).Message.ShouldContain("tokenizer_config.json");

    [Fact]
    public void Beside_a_sentencepiece_model_the_configuration_decides()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["tokenizer.model"], TokenizerGoldenTests.ReadFile("mistral_v1"));
        Tokenizer alone = Tokenizer.Load(folder.Path);
        int[] ids = alone.Encode("Hello");
        alone.Encode("Hello", addSpecial: true).ShouldBe([1, .. ids]);

        string Config(bool begin, bool end) => $$"""
            {"add_bos_token":{{(begin ? "true" : "false")}},"add_eos_token":{{(end ? "true" : "false")}},"bos_token":"<s>","eos_token":"</s>","unk_token":"<unk>",
             "added_tokens_decoder":{"0":{"content":"<unk>","special":true},"1":{"content":"<s>","special":true},"2":{"content":"</s>","special":true},
             "32001":{"content":"<|im_end|>","special":true},"32002":{"content":"<think>","special":false} } }
            """;
        File.WriteAllText(folder["tokenizer_config.json"], Config(begin: false, end: true));
        Tokenizer tokenizer = Tokenizer.Load(folder.Path).RecogniseControl();
        tokenizer.Encode("Hello", addSpecial: true).ShouldBe([.. ids, 2]);
        tokenizer.VocabularySize.ShouldBe(32003);
        int[] marked = tokenizer.Encode("Hello<|im_end|><think>", recogniseSpecial: true);
        marked.ShouldContain(32001);
        marked.ShouldContain(32002);
        tokenizer.Encode("Hello<|im_end|>").ShouldBe(alone.Encode("Hello<|im_end|>"), "a user's text is text");

        // The new entries are written, and go into GGUF.
        using var saved = new MemoryStream();
        tokenizer.Write(saved);
        Tokenizer again = Tokenizer.Parse(saved.ToArray(), "tokenizer.model").RecogniseControl();
        again.Encode("Hello<|im_end|><think>", recogniseSpecial: true).ShouldBe(marked);
        var metadata = new GgufMetadata();
        GgufVocabulary.Write(tokenizer, metadata, beginId: 1, endId: 2);
        Tokenizer gguf = GgufVocabulary.Read(metadata).Tokenizer;
        gguf.Encode("Hello", addSpecial: true).ShouldBe([.. ids, 2]);
        gguf.TryGetId("<|im_end|>", out int end).ShouldBeTrue();
        end.ShouldBe(32001);
    }

    [Fact]
    public void A_configuration_that_says_nothing_new_leaves_a_sentencepiece_file_as_it_is()
    {
        using var folder = new TemporaryFolder();
        byte[] file = TokenizerGoldenTests.ReadFile("mistral_v1");
        File.WriteAllBytes(folder["tokenizer.model"], file);
        File.WriteAllText(folder["tokenizer_config.json"], """
            {"add_bos_token":true,"bos_token":"<s>","added_tokens_decoder":{"0":{"content":"<unk>","special":true},"1":{"content":"<s>","special":true}}}
            """);
        using var saved = new MemoryStream();
        Tokenizer.Load(folder.Path).Write(saved);
        saved.ToArray().ShouldBe(file);
    }

    private static Tokenizer Load(string config, string postProcessor = "null")
    {
        using var folder = new TemporaryFolder();
        var model = new JsonObject { ["type"] = "BPE", ["vocab"] = JsonNode.Parse(Vocabulary), ["merges"] = new JsonArray() };
        File.WriteAllText(
            folder["tokenizer.json"],
            $$"""
            {"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":false},
             "post_processor":{{postProcessor}},"decoder":{"type":"ByteLevel"},"model":{{model.ToJsonString()}}}
            """);
        File.WriteAllText(folder["tokenizer_config.json"], config);
        return Tokenizer.Load(folder.Path);
    }
}
