using MoeSharp.Data;

namespace MoeSharp.Tests.Data;

public class PackedBatchesTests
{
    [Theory]
    [InlineData(new[] { 500 }, 3, 16)]
    [InlineData(new[] { 7, 2, 40, 1, 1, 33, 90, 2, 64, 5 }, 4, 8)]
    [InlineData(new[] { 300, 4 }, 2, 100)]
    public void Targets_are_the_next_token_of_the_same_document_and_sequences_never_cross(int[] lengths, int batchSize, int sequenceLength)
    {
        TokenCorpus corpus = Corpora.OfLengths(lengths);
        var batches = new PackedBatches(corpus, batchSize, sequenceLength, seed: 5);
        for (long index = 0; index < 40; index++)
        {
            TokenBatch batch = batches.Get(index);
            batch.Inputs.Length.ShouldBe(batchSize * sequenceLength);
            CheckBatch(batch);
            for (int row = 0; row < batchSize; row++)
            {
                batch.SequenceStarts.IndexOf(row * sequenceLength).ShouldBeGreaterThanOrEqualTo(0, "every row starts a sequence");
            }
        }
    }

    [Fact]
    public void An_epoch_inputs_every_place_at_most_once_and_nearly_all()
    {
        TokenCorpus corpus = Corpora.OfLengths([.. Enumerable.Repeat(25, 25)]);
        var batches = new PackedBatches(corpus, 1, 10, seed: 1);
        var seen = new List<string>();
        for (long index = 0; index < batches.RowsPerEpoch; index++)
        {
            TokenBatch batch = batches.Get(index);
            seen.Add(string.Join(',', batch.Inputs) + "|" + string.Join(',', batch.Targets));
        }

        (batches.RowsPerEpoch * 10).ShouldBeGreaterThan(corpus.TokenCount - 21);
        seen.Select(row => row.Split(',').Count(token => token == "0")).Sum().ShouldBeInRange(22, 50);

        // All of the first letters of inputs, per document, occur exactly as often as rows hold them.
        int inputs = 0;
        for (long index = 0; index < batches.RowsPerEpoch; index++)
        {
            inputs += batches.Get(index).Inputs.Count(token => token == 1 + 'm');
        }

        inputs.ShouldBe(24, "document m lies in the middle, so each of its letters is input exactly once");
    }

    [Fact]
    public void The_order_is_a_permutation_that_differs_from_epoch_to_epoch_and_by_seed()
    {
        TokenCorpus corpus = Corpora.OfLengths([.. Enumerable.Repeat(11, 24)]);
        List<string> Epoch(ulong seed, int epoch)
        {
            var batches = new PackedBatches(corpus, 1, 11, seed);
            return [.. Enumerable.Range(epoch * batches.RowsPerEpoch, batches.RowsPerEpoch).Select(index => string.Join(',', batches.Get(index).Inputs))];
        }

        Epoch(1, 0).Distinct().Count().ShouldBe(22);
        Epoch(1, 0).ShouldBe(Epoch(1, 0));
        Epoch(1, 0).ShouldNotBe(Epoch(1, 1));
        Epoch(1, 0).ShouldNotBe(Epoch(2, 0));
    }

    [Fact]
    public void A_batch_is_a_function_of_its_number()
    {
        TokenCorpus corpus = Corpora.OfLengths(400, 30, 77);
        var batches = new PackedBatches(corpus, 4, 16, seed: 9);
        TokenBatch late = new PackedBatches(corpus, 4, 16, seed: 9).Get(1_000_000_007);
        batches.Get(3);
        batches.Get(1_000_000_007).Inputs.ShouldBe(late.Inputs);
        batches.Get(1_000_000_007).Targets.ShouldBe(late.Targets);
    }

    [Fact]
    public void Measuring_predicts_every_token_but_the_first_of_a_document_once()
    {
        int[] lengths = [7, 2, 40, 1, 1, 33, 90, 2, 64, 5];
        TokenCorpus corpus = Corpora.OfLengths(lengths);
        var batches = new SequentialBatches(corpus, 3, 16);
        var targets = new List<int>();
        for (long index = 0; index < batches.Count; index++)
        {
            TokenBatch batch = batches.Get(index);
            CheckBatch(batch);
            targets.AddRange(batch.Targets.Where(target => target >= 0));
        }

        int[] expected = [.. corpus.Documents.SelectMany(document => corpus.Tokens.Slice(document.Start + 1, document.Length - 1).ToArray())];
        targets.ShouldBe(expected);
        batches.CountedTargets.ShouldBe(expected.Length);
        batches.TargetBytes.ShouldBe(expected.Count(token => token != 0));
        batches.BitsPerByte(Math.Log(2)).ShouldBe((double)expected.Length / expected.Count(token => token != 0), 1e-12);
    }

    [Fact]
    public void A_quick_look_takes_rows_from_all_over()
    {
        TokenCorpus corpus = Corpora.OfLengths([.. Enumerable.Repeat(10, 20)]);
        var batches = new SequentialBatches(corpus, 2, 10, mostRows: 4);
        batches.Count.ShouldBe(2);
        int[] firsts = [batches.Get(0).Inputs[0], batches.Get(0).Inputs[10], batches.Get(1).Inputs[0], batches.Get(1).Inputs[10]];
        firsts.ShouldBe([1 + 'a', 1 + 'f', 1 + 'k', 1 + 'p']);
    }

    [Fact]
    public void Too_little_text_is_refused_with_the_numbers()
    {
        Should.Throw<ArgumentException>(() => new PackedBatches(Corpora.OfLengths(16), 2, 16, 0)).Message.ShouldContain("has 16 tokens, and a row of 16 needs one more");
        Should.Throw<ArgumentException>(() => new SequentialBatches(Corpora.OfLengths(1, 1), 2, 16)).Message.ShouldContain("nothing to predict");
    }

    /// <summary>Letters tell documents apart: inside a sequence there is one letter, perhaps the end token last; the target is what follows.</summary>
    private static void CheckBatch(TokenBatch batch)
    {
        batch.SequenceStarts[0].ShouldBe(0);
        batch.SequenceStarts[^1].ShouldBe(batch.Inputs.Length);
        for (int sequence = 0; sequence < batch.Layout.SequenceCount; sequence++)
        {
            int start = batch.SequenceStarts[sequence];
            int end = batch.SequenceStarts[sequence + 1];
            int[] letters = [.. batch.Inputs[start..end].Where(token => token != 0).Distinct()];
            letters.Length.ShouldBeLessThanOrEqualTo(1);
            for (int index = start; index < end; index++)
            {
                (batch.Inputs[index] == 0).ShouldBe(batch.Targets[index] == -1, "only the end token has nothing to predict");
                if (index + 1 < end)
                {
                    batch.Targets[index].ShouldBe(batch.Inputs[index + 1]);
                }
            }
        }
    }
}
