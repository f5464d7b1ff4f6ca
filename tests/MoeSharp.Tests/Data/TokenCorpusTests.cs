using System.Text;
using MoeSharp.Data;
using MoeSharp.Formats;
using MoeSharp.Tests.Formats;
using MoeSharp.Text;
using MoeSharp.Text.Training;

namespace MoeSharp.Tests.Data;

public class TokenCorpusTests
{
    [Fact]
    public void Every_document_ends_in_the_end_token_and_bytes_are_counted_exactly()
    {
        Tokenizer tokenizer = TokenizerTrainer.Train([Encoding.UTF8.GetBytes("naïve café naïve café")], 270, cancellationToken: TestContext.Current.CancellationToken);
        CorpusDocument[] documents = [new("a", Encoding.UTF8.GetBytes("naïve café")), new("b", Encoding.UTF8.GetBytes("<|endoftext|>"))];
        TokenCorpus corpus = TokenCorpus.Tokenize(documents, tokenizer, 0, cancellationToken: TestContext.Current.CancellationToken);
        corpus.TextBytes.ShouldBe(12 + 13);
        corpus.Documents.Count.ShouldBe(2);
        corpus.Tokens.Count(0).ShouldBe(2, "the text of the end token is ordinary text");
        corpus.Tokens[corpus.Documents[0].Length - 1].ShouldBe(0);
        using var text = new MemoryStream();
        corpus.WriteText(text, tokenizer);
        Encoding.UTF8.GetString(text.ToArray()).ShouldBe("naïve café<|endoftext|>");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_split_deals_out_every_token_once_and_always_alike(bool wholeDocuments)
    {
        TokenCorpus corpus = Corpora.OfLengths(50, 20, 70, 10, 40, 30, 90, 60);
        HeldOutSplit split = wholeDocuments ? HeldOutSplit.Documents(0.2, seed: 3) : HeldOutSplit.Tails(0.2);
        (TokenCorpus training, TokenCorpus heldOut) = corpus.Split(split);
        (training.TokenCount + heldOut.TokenCount).ShouldBe(corpus.TokenCount);
        (training.TextBytes + heldOut.TextBytes).ShouldBe(corpus.TextBytes);
        heldOut.TokenCount.ShouldBeInRange(1, (int)(0.2 * corpus.TokenCount));
        (TokenCorpus again, _) = corpus.Split(split);
        again.Tokens.SequenceEqual(training.Tokens).ShouldBeTrue();
        if (wholeDocuments)
        {
            training.Documents.Select(document => document.Source).Intersect(heldOut.Documents.Select(document => document.Source)).ShouldBeEmpty();
        }
        else
        {
            heldOut.Documents.Select(document => document.Length).ShouldBe([10, 4, 14, 2, 8, 6, 18, 12]);
            training.Documents[1].Start.ShouldBe(40);
        }
    }

    [Fact]
    public void A_split_that_leaves_a_side_empty_is_refused()
    {
        Should.Throw<ArgumentException>(() => Corpora.OfLengths(20).Split(HeldOutSplit.Documents(0.5))).Message.ShouldContain("leaves one side empty");
        Should.Throw<ArgumentException>(() => Corpora.OfLengths(5, 5).Split(HeldOutSplit.Tails(0.1))).Message.ShouldContain("leaves one side empty");
        Should.Throw<ArgumentOutOfRangeException>(() => HeldOutSplit.Tails(1)).Message.ShouldContain("between 0 and 1");
    }

    [Fact]
    public void A_token_file_gives_the_same_corpus_and_notices_other_inputs()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a.txt"], "some text");
        Tokenizer tokenizer = Corpora.Bytes();
        var reports = new List<CorpusProgress>();
        var progress = new Reports(reports);
        TokenCorpus Open() => TokenFile.LoadOrTokenize(
            folder["cache.tokens"], TextCorpus.Open([folder["a.txt"]]), tokenizer, 0, progress, TestContext.Current.CancellationToken);

        TokenCorpus first = Open();
        reports.Count.ShouldBe(1);
        TokenCorpus second = Open();
        reports.Count.ShouldBe(1, "the second time nothing is tokenised");
        second.Tokens.SequenceEqual(first.Tokens).ShouldBeTrue();
        second.Documents.ShouldBe(first.Documents);
        second.BytesPerToken.SequenceEqual(first.BytesPerToken).ShouldBeTrue();

        File.WriteAllText(folder["a.txt"], "same size");
        Open().Tokens.SequenceEqual(first.Tokens).ShouldBeFalse();
        reports.Count.ShouldBe(2);

        byte[] damaged = File.ReadAllBytes(folder["cache.tokens"]);
        File.WriteAllBytes(folder["cache.tokens"], damaged[..^3]);
        Open().TokenCount.ShouldBe(10);
        reports.Count.ShouldBe(3, "a damaged cache counts as absent");
    }

    [Fact]
    public void Every_damage_of_a_token_file_is_a_format_fault()
    {
        using var folder = new TemporaryFolder();
        TokenFile.Write(folder["t"], Corpora.OfLengths(5, 6), new byte[32]);
        byte[] whole = File.ReadAllBytes(folder["t"]);
        TokenFile.Read(folder["t"])!.TokenCount.ShouldBe(11);
        for (int length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(folder["t"], whole[..length]);
            Should.Throw<ModelFormatException>(() => TokenFile.Read(folder["t"]));
        }

        // Every four bytes of the header and the document list in turn become -1.
        for (int offset = 0; offset < whole.Length; offset += 4)
        {
            byte[] damaged = [.. whole];
            damaged.AsSpan(offset, Math.Min(4, damaged.Length - offset)).Fill(0xFF);
            File.WriteAllBytes(folder["t"], damaged);
            try
            {
                // Names and the fingerprint may be anything.
                TokenFile.Read(folder["t"])!.TokenCount.ShouldBe(11);
            }
            catch (ModelFormatException fault)
            {
                fault.Offset.ShouldNotBeNull();
            }
        }
    }

    private sealed class Reports(List<CorpusProgress> list) : IProgress<CorpusProgress>
    {
        public void Report(CorpusProgress value) => list.Add(value);
    }
}
