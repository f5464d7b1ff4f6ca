using System.Text;
using MoeSharp.Formats;
using MoeSharp.Formats.Protobuf;
using MoeSharp.Tensors;
using MoeSharp.Text;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Tests.Text.SentencePiece;

public class SentencePieceFileTests
{
    [Fact]
    public void Control_tokens_are_text_until_they_are_asked_for()
    {
        Tokenizer tokenizer = Tokenizer.Parse(SentencePieceGoldenTests.Read("unigram_fallback"), "m.model");
        tokenizer.TryGetId("<cls>", out int control).ShouldBeTrue();
        tokenizer.IsSpecial(control).ShouldBeTrue();
        tokenizer.Encode("a<cls>b", recogniseSpecial: true).ShouldNotContain(control);

        Tokenizer chat = tokenizer.RecogniseControl();
        chat.Encode("a<cls>b", recogniseSpecial: true).ShouldContain(control);
        chat.Encode("a<cls>b").ShouldNotContain(control);
        chat.Decode(chat.Encode("a<cls>b", recogniseSpecial: true)).ShouldBe("a<cls>b");
        chat.Decode(chat.Encode("a<cls>b", recogniseSpecial: true), skipSpecial: true).ShouldBe("ab");
    }

    [Fact]
    public void A_broken_character_gives_a_sign_a_byte_whole_and_streamed()
    {
        Tokenizer tokenizer = Tokenizer.Parse(SentencePieceGoldenTests.Read("unigram_fallback"), "m.model");
        int[] ids = [Byte(0xE4), Byte(0xBD), Byte('x'), Byte(0xE4), Byte(0xBD), Byte(0xA0), Byte(0xFF), Byte(0xF0), Byte(0x9F)];
        tokenizer.Decode(ids).ShouldBe("\uFFFD\uFFFDx\u4F60\uFFFD\uFFFD\uFFFD");
        var stream = new TokenStream(tokenizer);
        string[] parts = [.. ids.Select(stream.Add), stream.Finish()];
        parts.ShouldBe(["", "", "\uFFFD\uFFFDx", "", "", "\u4F60", "\uFFFD", "", "", "\uFFFD\uFFFD"]);

        int Byte(int value) => tokenizer.TryGetId($"<0x{value:X2}>", out int id) ? id : throw new InvalidOperationException();
    }

    [Fact]
    public void A_model_without_a_file_is_written_as_one_that_reads_the_same()
    {
        SentencePieceModel model = SentencePieceReader.Read(SentencePieceGoldenTests.Read("bpe_cf"), "m.model");
        var bare = new SentencePieceModel { Pieces = model.Pieces, IsBpe = model.IsBpe, ByteFallback = model.ByteFallback, Spaces = model.Spaces, Map = model.Map };
        using var stream = new MemoryStream();
        SentencePieceWriter.Write(bare, stream);
        Tokenizer first = Tokenizer.Parse(SentencePieceGoldenTests.Read("bpe_cf"), "m.model");
        Tokenizer second = Tokenizer.Parse(stream.ToArray(), "m.model");
        foreach (string text in (string[])["Hello  ﬁne World ①", "a<sep>b", " \u3000x ", "ẞtraße 0"])
        {
            second.Encode(text, addSpecial: true).ShouldBe(first.Encode(text, addSpecial: true));
        }
    }

    [Theory]
    [InlineData("no unknown", "key 'pieces'")]
    [InlineData("repeated", "key 'pieces[2]'")]
    [InlineData("empty text", "key 'pieces[2]'")]
    [InlineData("bad type", "key 'pieces[2]'")]
    [InlineData("bytes without fallback", "key 'trainer_spec.byte_fallback'")]
    [InlineData("word model", "key 'trainer_spec.model_type'")]
    [InlineData("not a number", "key 'pieces[2]'")]
    [InlineData("too long", "key 'pieces[2]'")]
    public void A_contradiction_is_refused_with_its_place(string defect, string item)
    {
        var message = new ProtobufWriter();
        Add("<unk>", defect == "no unknown" ? 1UL : 2UL);
        Add("a", 1);
        Add(
            defect switch { "repeated" => "a", "empty text" => "", "bytes without fallback" => "<0x01>", "too long" => new string('x', 2000), _ => "b" },
            defect switch { "bad type" => 9UL, "bytes without fallback" => 6UL, _ => 1UL },
            defect == "not a number" ? float.NaN : -1);
        var trainer = new ProtobufWriter();
        trainer.Varint(3, defect == "word model" ? 3UL : 2UL);
        message.Message(2, trainer);
        ModelFormatException fault = Should.Throw<ModelFormatException>(() => Tokenizer.Parse(message.Written.ToArray(), "t.model"));
        fault.Item.ShouldBe(item);
        fault.Message.ShouldStartWith("t.model");

        void Add(string text, ulong type, float score = 0)
        {
            var piece = new ProtobufWriter();
            piece.Text(1, text);
            piece.Float(2, score);
            piece.Varint(3, type);
            message.Message(1, piece);
        }
    }

    [Fact]
    public void A_model_cut_short_anywhere_is_refused_or_still_whole()
    {
        byte[] content = SentencePieceGoldenTests.Read("bpe_suffix");
        int refused = 0;
        for (int length = 0; length < content.Length; length += 97)
        {
            try
            {
                Tokenizer.Parse(content.AsMemory(0, length), "t.model");
            }
            catch (ModelFormatException)
            {
                refused++;
            }
        }

        refused.ShouldBeGreaterThan(content.Length / 97 / 2);
    }

    [Fact]
    public void A_user_defined_entry_inside_other_text_is_one_token_and_never_merges()
    {
        Tokenizer tokenizer = Tokenizer.Parse(SentencePieceGoldenTests.Read("bpe_cf"), "m.model");
        tokenizer.TryGetId("<sep>", out int sep).ShouldBeTrue();
        tokenizer.Encode(Encoding.UTF8.GetBytes("the<sep><sep>the")).Count(id => id == sep).ShouldBe(2);
    }

    [Theory]
    [InlineData("bpe_suffix")]
    [InlineData("unigram_fallback")]
    public void A_damaged_model_is_refused_or_read_but_never_fails_otherwise(string name)
    {
        byte[] content = SentencePieceGoldenTests.Read(name);
        var random = new Rng(20_26);
        int refused = 0;
        for (int round = 0; round < 300; round++)
        {
            byte[] damaged = [.. content];
            for (int change = random.NextInt(4); change >= 0; change--)
            {
                damaged[random.NextInt(damaged.Length)] = (byte)random.NextInt(256);
            }

            try
            {
                Tokenizer tokenizer = Tokenizer.Parse(damaged.AsMemory(0, damaged.Length - random.NextInt(3)), "t.model");
                tokenizer.Decode(tokenizer.Encode("The  quick ☃ <sep>"));
            }
            catch (ModelFormatException)
            {
                refused++;
            }
        }

        refused.ShouldBeInRange(50, 299);
    }

    [Fact]
    public void A_text_of_marks_alone_keeps_the_space_behind() =>
        Tokenizer.Parse(SentencePieceGoldenTests.Read("bpe_suffix"), "m.model").Encode("▁▁").ShouldHaveSingleItem();
}
