using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Tests.Text.SentencePiece;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Tests.Text.Json;

/// <summary>Piece models written as <c>tokenizer.json</c>, as published converters write them, against the SentencePiece model itself.</summary>
public class PieceJsonTests
{
    private const string FallbackDecoder = """
        {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
        {"type":"Strip","content":" ","start":1,"stop":0}]}
        """;

    [Theory]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}""", "null")]
    [InlineData("null", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}""")]
    public void Byte_pairs_with_byte_fallback_give_the_ids_of_the_model(string normalizer, string preTokenizer)
    {
        byte[] file = TokenizerGoldenTests.ReadFile("mistral_v1");
        Tokenizer model = Tokenizer.Parse(file, "m.model");
        var pieces = ((PieceBpeModel)model.Parts.Model).Vocabulary;
        var vocabulary = new JsonObject();
        for (int id = 0; id < pieces.Count; id++)
        {
            vocabulary[pieces[id].Text] = id;
        }

        var merges = new JsonArray();
        var table = PieceMergeTable.Build(pieces);

        // Published converters order merges of equal score by length, the longest first.
        foreach ((int left, int right) in table.InOrder().Where(merge => merge.Left < pieces.Count && merge.Right < pieces.Count)
            .OrderBy(merge => table.RankOf(merge.Left, merge.Right, out _)).ThenByDescending(merge => pieces[merge.Left].Text.Length)
            .ThenByDescending(merge => pieces[merge.Right].Text.Length))
        {
            merges.Add(new JsonArray(pieces[left].Text, pieces[right].Text));
        }

        var bpe = new JsonObject
        {
            ["type"] = "BPE",
            ["unk_token"] = "<unk>",
            ["fuse_unk"] = true,
            ["byte_fallback"] = true,
            ["ignore_merges"] = false,
            ["vocab"] = vocabulary,
            ["merges"] = merges,
        };
        Tokenizer json = Parse(normalizer, preTokenizer, FallbackDecoder, bpe);
        json.CoversAllBytes.ShouldBeTrue();
        var metadata = new GgufMetadata();
        GgufVocabulary.Write(json, metadata, beginId: 1, endId: 2);
        metadata.GetText("tokenizer.ggml.model").ShouldBe("llama");
        Tokenizer gguf = GgufVocabulary.Read(metadata).Tokenizer;
        foreach (string text in Texts().Append("  x\n\n▁ y"))
        {
            // With Metaspace a mark that is in the text stands for the added one; nobody writes it.
            // Runs of more than eight spaces are entries of one score, where the two kinds of file say different things.
            if (!text.Contains("         ", StringComparison.Ordinal) && (preTokenizer == "null" || !(text.StartsWith(' ') || text.StartsWith('▁'))))
            {
                int[] ids = model.Encode(text);
                json.Encode(text).ShouldBe(ids, text);
                json.Decode(ids).ShouldBe(model.Decode(ids), text);
                gguf.Encode(text).ShouldBe(ids, text);
                gguf.Decode(ids).ShouldBe(model.Decode(ids), text);
            }
        }

        Tokenizer saved = Save(json);
        saved.Encode("Hello  wörld ☃").ShouldBe(model.Encode("Hello  wörld ☃"));
        saved.FileName.ShouldBe("tokenizer.json");
    }

    [Fact]
    public void A_unigram_model_gives_the_ids_of_the_model()
    {
        Tokenizer model = Tokenizer.Parse(SentencePieceGoldenTests.Read("unigram_nmt"), "m.model");
        PieceVocabulary pieces = ((UnigramModel)model.Parts.Model).Vocabulary;
        var unigram = new JsonObject
        {
            ["type"] = "Unigram",
            ["unk_id"] = 0,
            ["vocab"] = new JsonArray([.. pieces.Pieces.Select(piece => new JsonArray(piece.Text, piece.Score))]),
        };
        string map = Convert.ToBase64String(SentencePieceReader.Read(SentencePieceGoldenTests.Read("unigram_nmt"), "m.model").Map!.Source);
        Tokenizer json = Parse(
            $$"""{"type":"Sequence","normalizers":[{"type":"Precompiled","precompiled_charsmap":"{{map}}"},{"type":"Strip","strip_left":true,"strip_right":true},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}]}""",
            """{"type":"Metaspace","replacement":"▁","add_prefix_space":true}""",
            """{"type":"Metaspace","replacement":"▁","add_prefix_space":true}""",
            unigram);
        foreach (string text in (string[])["Hello  World", " ﬁne ①② and half", "the  thing.\tNow", "ﾊﾟ thou", "What is this, my lord?"])
        {
            int[] ids = model.Encode(text);
            json.Encode(text).ShouldBe(ids, text);
            json.Decode(ids, skipSpecial: true).Replace("<unk>", " \u2047 ", StringComparison.Ordinal).ShouldBe(model.Decode(ids), text);
        }

        Save(json).Encode("the ﬁne thing").ShouldBe(model.Encode("the ﬁne thing"));
    }

    [Theory]
    [InlineData(true, """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}""")]
    [InlineData(false, """{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}]}""")]
    public void A_unigram_model_goes_into_gguf_and_comes_back(bool joins, string preTokenizer)
    {
        Tokenizer source = Tokenizer.Parse(SentencePieceGoldenTests.Read("unigram_nmt"), "m.model");
        PieceVocabulary pieces = ((UnigramModel)source.Parts.Model).Vocabulary;
        var unigram = new JsonObject
        {
            ["type"] = "Unigram",
            ["unk_id"] = 0,
            ["vocab"] = new JsonArray([.. pieces.Pieces.Select(piece => new JsonArray(piece.Text, piece.Score))]),
        };
        string map = Convert.ToBase64String(source.Parts.SentencePiece!.Map!.Source);
        string rest = joins ? """,{"type":"Strip","strip_left":false,"strip_right":true},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"▁"}""" : "";
        string added = string.Join(',', pieces.Pieces.Select((piece, id) => (piece, id)).Where(entry => entry.piece.Type == PieceType.Control).Select(entry =>
            $$"""{"id":{{entry.id}},"content":"{{entry.piece.Text}}","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}"""));
        Tokenizer json = Parse(
            $$"""{"type":"Sequence","normalizers":[{"type":"Precompiled","precompiled_charsmap":"{{map}}"}{{rest}}]}""",
            preTokenizer,
            """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}""",
            unigram,
            added);
        var metadata = new GgufMetadata();
        GgufVocabulary.Write(json, metadata, beginId: null, endId: null);
        metadata.GetText("tokenizer.ggml.model").ShouldBe("t5");
        metadata.Set("tokenizer.ggml.add_eos_token", GgufValue.Of(false));
        Tokenizer gguf = GgufVocabulary.Read(metadata).Tokenizer;
        gguf.VocabularySize.ShouldBe(json.VocabularySize);
        foreach (string text in Texts().Concat(["Hello  World", " ﬁne ①② and half ", "the  thing.\tNow\n", "ﾊﾟ thou", "What is this, my lord?", "x</s>y", "   "]))
        {
            int[] ids = json.Encode(text);
            if (text.AsSpan().Trim().Length > 0)
            {
                gguf.Encode(text).ShouldBe(ids, text);
                gguf.Encode(text, recogniseSpecial: true).ShouldBe(json.Encode(text, recogniseSpecial: true), text);
            }
        }

        // And on into a SentencePiece file.
        using var saved = new MemoryStream();
        gguf.Write(saved);
        Tokenizer.Parse(saved.ToArray(), gguf.FileName).Encode("the ﬁne thing").ShouldBe(json.Encode("the ﬁne thing"));
    }

    [Fact]
    public void A_unigram_model_behind_other_steps_is_not_written_into_gguf()
    {
        var model = new JsonObject { ["type"] = "Unigram", ["unk_id"] = 0, ["vocab"] = JsonNode.Parse("""[["<unk>",0],["▁a",-1]]""") };
        foreach ((string normalizer, string cuts) in ((string, string)[])
        [
            ("""{"type":"NFC"}""", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}"""),
            ("null", "null"),
            ("null", """{"type":"Metaspace","replacement":"_","prepend_scheme":"always"}"""),
            ("null", """{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}]}"""),
        ])
        {
            Tokenizer tokenizer = Parse(normalizer, cuts, "null", model);
            Should.Throw<ConfigException>(() => GgufVocabulary.Write(tokenizer, new GgufMetadata(), null, null)).Message.ShouldContain("unigram");
        }
    }

    [Fact]
    public void The_text_of_a_special_token_is_text_although_it_is_an_entry()
    {
        var model = new JsonObject { ["type"] = "Unigram", ["unk_id"] = 0, ["vocab"] = JsonNode.Parse("""[["<unk>",0],["</s>",0],["<",-3],["/",-3],["s",-3],[">",-3],["▁",-2]]""") };
        Tokenizer tokenizer = Parse(
            "null", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}""", "null", model,
            """{"id":1,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}""");
        tokenizer.Encode("</s>").ShouldBe([6, 2, 3, 4, 5]);
        tokenizer.Encode("</s>", recogniseSpecial: true).ShouldBe([1]);
        Save(tokenizer).Encode("</s>").ShouldBe([6, 2, 3, 4, 5]);
    }

    [Theory]
    [InlineData("""{"type":"Strip","content":" ","start":1,"stop":0}""", "key 'decoder.start'")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":" ","start":0,"stop":1}]}""", "key 'decoder.decoders[1].stop'")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"ByteFallback"}]}""", "key 'decoder.decoders[1].type'")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":"a"},"content":""}""", "key 'decoder.pattern'")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"last"}""", "key 'decoder.prepend_scheme'")]
    public void A_decoder_that_is_not_understood_is_named(string decoder, string item)
    {
        var model = new JsonObject { ["type"] = "Unigram", ["unk_id"] = 0, ["vocab"] = new JsonArray(new JsonArray("<unk>", 0)) };
        Should.Throw<ModelFormatException>(() => Parse("null", "null", decoder, model)).Item.ShouldBe(item);
    }

    [Theory]
    [InlineData("""[["a",0],["a",1]]""", "key 'model.vocab[1]'")]
    [InlineData("""[["a",0],["b"]]""", "key 'model.vocab[1]'")]
    [InlineData("""[["a",0]]""", "key 'model.unk_id'")]
    [InlineData("""[["a",0],["",1]]""", "key 'model.vocab[1]'")]
    public void A_faulty_unigram_vocabulary_is_named(string vocabulary, string item)
    {
        var model = new JsonObject { ["type"] = "Unigram", ["unk_id"] = 1, ["vocab"] = JsonNode.Parse(vocabulary) };
        Should.Throw<ModelFormatException>(() => Parse("null", "null", "null", model)).Item.ShouldBe(item);
    }

    [Fact]
    public void The_first_token_loses_its_marks_whole_and_streamed()
    {
        var model = new JsonObject { ["type"] = "Unigram", ["unk_id"] = 0, ["vocab"] = JsonNode.Parse("""[["<unk>",0],["▁a",-1],["▁▁",-2],["b",-3]]""") };
        Tokenizer tokenizer = Parse("null", "null", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}""", model);
        tokenizer.Decode([1, 1, 3]).ShouldBe("a ab");
        tokenizer.Decode([2, 1]).ShouldBe(" a");
        var stream = new TokenStream(tokenizer);
        string.Concat(new[] { 1, 1, 3 }.Select(stream.Add)).ShouldBe("a ab");
        stream.Finish().ShouldBe("");
        string.Concat(new[] { 1, 2 }.Select(stream.Add)).ShouldBe("a  ");
    }

    private static Tokenizer Parse(string normalizer, string preTokenizer, string decoder, JsonObject model, string added = "")
    {
        string json = $$"""{"version":"1.0","added_tokens":[{{added}}],"normalizer":{{normalizer}},"pre_tokenizer":{{preTokenizer}},"post_processor":null,"decoder":{{decoder}},"model":{{model.ToJsonString()}}}""";
        return Tokenizer.Parse(Encoding.UTF8.GetBytes(json));
    }

    private static Tokenizer Save(Tokenizer tokenizer)
    {
        using var stream = new MemoryStream();
        tokenizer.Write(stream);
        return Tokenizer.Parse(stream.ToArray());
    }

    private static IEnumerable<string> Texts()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "tokenizers", "mistral_v1.json");
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(path));
        return [.. golden.RootElement.GetProperty("cases").EnumerateArray().Select(item => item.GetProperty("text").GetString()!)];
    }
}
