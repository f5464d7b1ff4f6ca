using System.Text.RegularExpressions;
using MoeSharp.Data;
using MoeSharp.Inference;
using MoeSharp.Inference.Sampling;
using MoeSharp.Models.Decoding;
using MoeSharp.Tests.HouseRules;
using MoeSharp.Training;
using MoeSharp.Training.Recipes;

namespace MoeSharp.Tests.BuiltIn;

/// <summary>The model inside the library: what it was promised to be, and that it has learnt something.</summary>
public partial class TinyModelTests
{
    // `bzip2 -9` of the held-out text of recipes/tiny.json: 200,422 bytes for 714,940.
    private const double Bzip2BitsPerByte = 8.0 * 200_422 / 714_940;

    private static readonly string[] s_openings =
    [
        "It was a dark and stormy night", "The captain looked at the sea", "\"My dear,\" said", "She opened the letter",
        "In the morning", "There was a knock at the door", "The old man", "He had never seen", "London was", "The machine",
        "Once upon a time", "\"What is it?\" he asked", "The children", "After dinner", "I remember", "The detective",
        "Elizabeth", "The river", "At last", "Nobody knew",
    ];

    [Fact]
    public void It_is_a_small_mixture_of_experts()
    {
        DecoderConfig config = Model.Tiny.Config;
        config.Experts.ShouldNotBeNull().ExpertCount.ShouldBeGreaterThanOrEqualTo(8);
        config.Experts.TopK.ShouldBeGreaterThanOrEqualTo(2);
        config.CountParameters().Total.ShouldBeLessThanOrEqualTo(8_000_000);
        Model.Tiny.EndTokens.ShouldNotBeEmpty();
    }

    [Fact]
    public void It_beats_bzip2_on_books_it_has_never_seen()
    {
        Recipe recipe = Recipe.Read(Path.Combine(SourceTree.Root, "recipes", "tiny.json"));
        TextCorpus books = TextCorpus.Open(recipe.Corpus.Paths, recipe.Corpus.Options);
        TokenCorpus tokens = TokenCorpus.Tokenize(
            books.Documents(), Model.Tiny.Tokenizer!, Model.Tiny.EndTokens[0], cancellationToken: TestContext.Current.CancellationToken);
        (_, TokenCorpus heldOut) = tokens.Split(recipe.Corpus.Split);
        var rows = new SequentialBatches(heldOut, batchSize: 8, recipe.Training.SequenceLength, mostRows: 96);
        using var evaluator = new Evaluator(new TrainableDecoder(Model.Tiny.Decoder));

        (double loss, _) = evaluator.Measure(TokenBatchSource.From(rows));

        rows.BitsPerByte(loss).ShouldBeLessThan(0.8 * Bzip2BitsPerByte);
    }

    [Fact]
    public void Its_words_are_words_of_the_corpus()
    {
        Recipe recipe = Recipe.Read(Path.Combine(SourceTree.Root, "recipes", "tiny.json"));
        HashSet<string> known = [.. TextCorpus.Open(recipe.Corpus.Paths, recipe.Corpus.Options).Documents()
            .SelectMany(document => WordsOf(System.Text.Encoding.UTF8.GetString(document.Text.Span)))];
        var samples = s_openings.Select((opening, seed) => opening + Model.Tiny.Generate(
            opening, new GenerationOptions { MaxTokens = 100, Sampling = new SamplingOptions { Temperature = 0.8f, Seed = (ulong)seed } }, TestContext.Current.CancellationToken)).ToList();

        string[] words = [.. samples.SelectMany(WordsOf)];
        string[] strange = [.. words.Where(word => !known.Contains(word))];

        words.Length.ShouldBeGreaterThan(1000);
        (strange.Length / (double)words.Length).ShouldBeLessThanOrEqualTo(0.05, string.Join(' ', strange));
        if (Environment.GetEnvironmentVariable("MOESHARP_WRITE_DOCS") == "1")
        {
            File.WriteAllText(
                Path.Combine(SourceTree.Root, "docs", "tiny-samples.txt"),
                string.Concat(samples.Select((sample, seed) => $"--- seed {seed}, temperature 0.8, 100 tokens\n{sample.Trim()}\n")));
        }
    }

    private static IEnumerable<string> WordsOf(string text) =>
        Word().Matches(text).Select(match => match.Value.ToLowerInvariant());

    [GeneratedRegex(@"\p{L}+(?:['’]\p{L}+)*")]
    private static partial Regex Word();
}
