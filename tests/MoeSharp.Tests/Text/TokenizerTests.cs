using System.Text;
using MoeSharp.Tests.Formats;
using MoeSharp.Text;
using MoeSharp.Text.Patterns;
using MoeSharp.Text.PreTokenization;
using MoeSharp.Text.Training;

namespace MoeSharp.Tests.Text;

public class TokenizerTests
{
    private static readonly byte[] s_text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 3000).Select(i => $"word{i % 97} the{(i % 7 == 0 ? "\n" : " ")}")));

    [Fact]
    public void Long_runs_merge_as_the_slow_definition_says_and_in_good_time()
    {
        Tokenizer tokenizer = TokenizerTrainer.Train([Encoding.UTF8.GetBytes(new string('a', 64) + " " + new string('a', 7))], 262, null, 1, null, TestContext.Current.CancellationToken);
        foreach (int length in (int[])[1, 2, 3, 24, 25, 26, 47, 48, 49, 50, 63, 64, 65, 127, 1001])
        {
            // The definition: join the leftmost pair of lowest rank until none joins; ranks follow ids.
            var symbols = Enumerable.Repeat(1 + 'a', length).ToList();
            while (Enumerable.Range(0, symbols.Count - 1).Where(i => Joins(tokenizer, symbols, i) >= 0).OrderBy(i => Joins(tokenizer, symbols, i)).ThenBy(i => i).FirstOrDefault(-1) is int at && at >= 0)
            {
                symbols[at] = Joins(tokenizer, symbols, at);
                symbols.RemoveAt(at + 1);
            }

            tokenizer.Encode(new string('a', length)).ShouldBe(symbols.ToArray(), $"length {length}");
        }

        var watch = System.Diagnostics.Stopwatch.StartNew();
        string run = new('a', 400_000);
        tokenizer.Decode(tokenizer.Encode(run)).ShouldBe(run);
        watch.Elapsed.TotalSeconds.ShouldBeLessThan(20, "quadratic work would take minutes");
    }

    [Fact]
    public void Many_threads_get_the_ids_of_one()
    {
        Tokenizer tokenizer = TokenizerTrainer.Train([s_text], 400, cancellationToken: TestContext.Current.CancellationToken);
        int[] expected = tokenizer.Encode(s_text);
        Enumerable.Range(0, 16).AsParallel().WithDegreeOfParallelism(8).All(_ => tokenizer.Encode(s_text).AsSpan().SequenceEqual(expected)).ShouldBeTrue();
    }

    [Fact]
    public void A_file_is_saved_whole_and_a_folder_can_be_named()
    {
        using var folder = new TemporaryFolder();
        Tokenizer tokenizer = TokenizerTrainer.Train([s_text], 300, ["<|a b|>", "üß"], cancellationToken: TestContext.Current.CancellationToken);
        tokenizer.Save(folder["tokenizer.json"]);
        Directory.GetFiles(folder.Path).Length.ShouldBe(1);
        Tokenizer loaded = Tokenizer.Load(folder.Path);
        loaded.Encode(s_text).ShouldBe(tokenizer.Encode(s_text));
        loaded.Encode("x<|a b|>üß", recogniseSpecial: true).ShouldBe([.. tokenizer.Encode("x"), 0, 1]);
        loaded.Decode([0, 1]).ShouldBe("<|a b|>üß");
        loaded.VocabularySize.ShouldBe(tokenizer.VocabularySize);
    }

    [Theory]
    [InlineData(SplitBehavior.Isolated, false, "-|-|a|-|b|-|-|c")]
    [InlineData(SplitBehavior.Removed, false, "a|b|c")]
    [InlineData(SplitBehavior.Removed, true, "-|-|-|-|-")]
    [InlineData(SplitBehavior.MergedWithPrevious, false, "-|-|a-|b-|-|c")]
    [InlineData(SplitBehavior.MergedWithNext, false, "-|-a|-b|-|-c")]
    [InlineData(SplitBehavior.Contiguous, false, "--|a|-|b|--|c")]
    public void Split_treats_its_matches_as_its_behaviour_says(object behavior, bool invert, string expected)
    {
        var pieces = new PieceList();
        pieces.Reset("--a-b--c"u8);
        new SplitPreTokenizer(new Pattern("-"), (SplitBehavior)behavior, invert).Split(pieces);
        string.Join('|', Enumerable.Range(0, pieces.Count).Select(index => Encoding.UTF8.GetString(pieces[index]))).ShouldBe(expected);
    }

    private static int Joins(Tokenizer tokenizer, List<int> symbols, int at)
    {
        // Every entry above the bytes was learned from two entries of a known length; a run of one letter has one entry a length.
        string joined = tokenizer.TokenOf(symbols[at])! + tokenizer.TokenOf(symbols[at + 1])!;
        return tokenizer.TryGetId(joined, out int id) && tokenizer.Parts.Model.ShouldBeOfType<MoeSharp.Text.Models.BpeModel>().Merges.RankOf(symbols[at], symbols[at + 1], out int result) != int.MaxValue && result == id ? id : -1;
    }
}
