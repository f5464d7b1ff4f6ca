using System.Text;
using MoeSharp.Tensors;
using MoeSharp.Tests.Data;
using MoeSharp.Text;

namespace MoeSharp.Tests.Text;

public class TokenStreamTests
{
    private readonly Tokenizer _bytes = Corpora.Bytes();

    [Fact]
    public void A_character_comes_out_whole_with_its_last_byte()
    {
        var stream = new TokenStream(_bytes);
        int[] ids = _bytes.Encode("a😀é");
        ids.Length.ShouldBe(7);
        ids.Select(stream.Add).ShouldBe(["a", "", "", "", "😀", "", "é"]);
        stream.Finish().ShouldBe(string.Empty);
    }

    [Fact]
    public void An_unfinished_character_is_one_replacement_at_the_end_and_the_stream_is_as_new()
    {
        var stream = new TokenStream(_bytes);
        stream.Add(1 + 0xF0).ShouldBe(string.Empty);
        stream.Add(1 + 0x9F).ShouldBe(string.Empty);
        stream.Finish().ShouldBe("\uFFFD");
        stream.Add(1 + 'x').ShouldBe("x");
    }

    [Fact]
    public void All_parts_together_are_what_decoding_gives_whatever_the_bytes()
    {
        var random = new Rng(23);
        for (int round = 0; round < 500; round++)
        {
            int[] ids = [.. Enumerable.Range(0, random.NextInt(40)).Select(_ => 1 + (random.NextInt(3) == 0 ? random.NextInt(256) : 0x80 + random.NextInt(0x7F)))];
            var stream = new TokenStream(_bytes);
            var text = new StringBuilder();
            foreach (int id in ids)
            {
                string part = stream.Add(id);
                (part.Length > 0 && char.IsHighSurrogate(part[^1])).ShouldBeFalse();
                text.Append(part);
            }

            text.Append(stream.Finish());
            text.ToString().ShouldBe(_bytes.Decode(ids), $"round {round}: {string.Join(' ', ids)}");
        }
    }

    [Fact]
    public void Special_tokens_can_be_left_out_and_unused_ids_have_no_text()
    {
        var stream = new TokenStream(_bytes, skipSpecial: true);
        stream.Add(0).ShouldBe(string.Empty);
        stream.Add(100_000).ShouldBe(string.Empty);
        new TokenStream(_bytes).Add(0).ShouldBe("<|endoftext|>");
        Should.Throw<ArgumentOutOfRangeException>(() => stream.Add(-1));
    }
}
