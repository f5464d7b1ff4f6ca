using MoeSharp.Analysis;
using MoeSharp.Analysis.Planning;
using MoeSharp.Analysis.Scoring;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Tests.Analysis.Scoring;

/// <summary>Perplexity and comparison against what the logits themselves say.</summary>
public class TextScorerTests
{
    private const string Text = "It was a dark and stormy night; the rain fell in torrents, except at occasional intervals, when it was checked by a "
        + "violent gust of wind which swept up the streets. “Who’s there?” cried the old man, and nobody answered him for a while.";

    private static readonly int[] s_ids = Model.Tiny.Encode(Text);

    [Fact]
    public void One_window_is_the_mean_loss_of_all_tokens_but_the_first()
    {
        ScoredText score = TextScorer.Score(Model.Tiny, s_ids);
        double[] nats = Nats(Model.Tiny, s_ids);
        score.TokenCount.ShouldBe(s_ids.Length - 1);
        score.MeanNats.ShouldBe(nats.Average(), 1e-5);
        score.Perplexity.ShouldBe(Math.Exp(score.MeanNats), 1e-9);
        int bytes = s_ids.Skip(1).Sum(id => Model.Tiny.Tokenizer!.IsSpecial(id) ? 0 : Model.Tiny.Tokenizer.BytesOf(id).Length);
        score.ByteCount.ShouldBe(bytes);
        score.BitsPerByte.ShouldBe(score.Nats / Math.Log(2) / bytes, 1e-9);
    }

    [Fact]
    public void Each_window_is_read_afresh()
    {
        ScoredText score = TextScorer.Score(Model.Tiny, s_ids, new WindowOptions { Length = 20 });
        double sum = 0;
        int count = 0;
        foreach (int[] window in s_ids.Chunk(20).Where(window => window.Length > 1))
        {
            double[] nats = Nats(Model.Tiny, window);
            sum += nats.Sum();
            count += nats.Length;
        }

        score.TokenCount.ShouldBe(count);
        score.Nats.ShouldBe(sum, 1e-4 * sum);
    }

    [Fact]
    public void Overlapping_windows_count_each_token_once_and_predict_better()
    {
        ScoredText apart = TextScorer.Score(Model.Tiny, s_ids, new WindowOptions { Length = 20 });
        ScoredText overlapping = TextScorer.Score(Model.Tiny, s_ids, new WindowOptions { Length = 20, Stride = 5 });
        overlapping.TokenCount.ShouldBe(s_ids.Length - 1);
        overlapping.MeanNats.ShouldBeLessThan(apart.MeanNats);
    }

    [Theory]
    [InlineData(10, 4, 0, false, "0:4:1 4:4:1 8:2:1")]
    [InlineData(9, 4, 0, false, "0:4:1 4:4:1")]
    [InlineData(10, 4, 2, false, "0:4:1 2:4:2 4:4:2 6:4:2")]
    [InlineData(9, 4, 3, false, "0:4:1 3:4:1 6:3:1")]
    [InlineData(10, 4, 0, true, "0:4:3 4:4:3")]
    [InlineData(3, 512, 0, false, "0:3:1")]
    public void Windows_are_cut_so(int tokens, int length, int stride, bool half, string expected) =>
        string.Join(' ', new WindowOptions { Length = length, Stride = stride, IsHalf = half }.Cut(tokens)
            .Select(window => $"{window.Start}:{window.Length}:{window.FirstScored}")).ShouldBe(expected);

    [Theory]
    [InlineData(1, 0, false)]
    [InlineData(4, 5, false)]
    [InlineData(4, -1, false)]
    [InlineData(4, 2, true)]
    [InlineData(100, 0, true)]
    public void Windows_that_make_no_sense_or_count_nothing_are_refused(int length, int stride, bool half) =>
        Should.Throw<ArgumentException>(() => new WindowOptions { Length = length, Stride = stride, IsHalf = half }.Cut(50));

    [Fact]
    public void A_model_does_not_differ_from_itself()
    {
        ModelDifference difference = ModelComparison.Run(Model.Tiny, Model.Tiny, s_ids, new WindowOptions { Length = 30 });
        difference.Quantile(1).ShouldBe(0);
        difference.SameTop.ShouldBe(1);
        difference.ProbabilityChange.ShouldBe(0);
        difference.Experts.Count.ShouldBe(Enumerable.Range(0, Model.Tiny.Config.LayerCount).Count(Model.Tiny.Config.HasExperts));
        difference.Experts.ShouldAllBe(layer => layer.Overlap == 1 && layer.SameSet == 1 && layer.TokenCount == s_ids.Length);
        difference.First.Nats.ShouldBe(TextScorer.Score(Model.Tiny, s_ids, new WindowOptions { Length = 30 }).Nats, 1e-6);
    }

    [Fact]
    public void Divergence_and_routing_are_those_of_the_logits_and_fewer_bits_differ_more()
    {
        double last = 0;
        foreach (string name in (string[])["Q8_0", "Q4_0"])
        {
            using var packed = new Model(Pack(BlockFormats.Find(name)!), Model.Tiny.Tokenizer);
            ModelDifference difference = ModelComparison.Run(Model.Tiny, packed, s_ids);
            LogitsDump p = LogitsDump.Run(Model.Tiny.Decoder, s_ids), q = LogitsDump.Run(packed.Decoder, s_ids);
            int vocabulary = packed.Config.VocabularySize;
            double[] divergences = [.. Enumerable.Range(0, s_ids.Length - 1).Select(row =>
                Divergence([.. p.Logits.Skip(row * vocabulary).Take(vocabulary)], [.. q.Logits.Skip(row * vocabulary).Take(vocabulary)]))];
            difference.MeanDivergence.ShouldBe(divergences.Average(), 1e-5 + (1e-3 * divergences.Average()), name);
            difference.MeanDivergence.ShouldBeGreaterThan(last);
            last = difference.MeanDivergence;
            difference.SameTop.ShouldBeInRange(0.5, 1);
            foreach (ExpertAgreement layer in difference.Experts)
            {
                LayerRouting mine = p.Routing.Single(other => other.Layer == layer.Layer), theirs = q.Routing.Single(other => other.Layer == layer.Layer);
                int shared = Enumerable.Range(0, s_ids.Length).Sum(token =>
                    mine.Ids.Skip(token * mine.TopK).Take(mine.TopK).Intersect(theirs.Ids.Skip(token * mine.TopK).Take(mine.TopK)).Count());
                layer.Overlap.ShouldBe(shared / (double)mine.Ids.Count, 1e-9);
                layer.First.Sum().ShouldBe(mine.Ids.Count);
                layer.Both.Sum().ShouldBe(shared);
            }
        }
    }

    [Fact]
    public void Models_of_other_vocabularies_cannot_be_compared()
    {
        using var other = new Model(Decoder.Create(Model.Tiny.Config with { VocabularySize = 300 }, seed: 1));
        Should.Throw<ArgumentException>(() => ModelComparison.Run(Model.Tiny, other, s_ids)).Message.ShouldContain("300");
    }

    private static Decoder Pack(BlockFormat format)
    {
        var decoder = new Decoder(Model.Tiny.Config);
        foreach ((Parameter source, Parameter target, PlannedWeight planned) in
            Model.Tiny.Decoder.Parameters.Zip(decoder.Parameters, PlannedWeight.ListOf(decoder.Config)))
        {
            if (!target.CanPack || StorageRule.FormatOf(planned, format) != format)
            {
                source.Value.Span.CopyTo(target.Value.Span);
                continue;
            }

            var weight = new PackedWeight(format, target.Shape) { IsExact = true };
            int rowBytes = (int)format.BytesOf(target.Shape.Columns);
            for (long row = 0; row < target.Shape.Rows; row++)
            {
                format.Quantize(source.Value.Row(row), weight.Bytes(row * rowBytes, rowBytes));
            }

            target.Pack(weight);
        }

        return decoder;
    }

    private static double[] Nats(Model model, int[] ids)
    {
        LogitsDump dump = LogitsDump.Run(model.Decoder, ids);
        int vocabulary = model.Config.VocabularySize;
        return [.. Enumerable.Range(0, ids.Length - 1).Select(row =>
        {
            float[] logits = [.. dump.Logits.Skip(row * vocabulary).Take(vocabulary)];
            return LogSum(logits) - logits[ids[row + 1]];
        })];
    }

    private static double Divergence(float[] p, float[] q)
    {
        double first = LogSum(p), second = LogSum(q);
        return p.Zip(q, (a, b) => Math.Exp(a - first) * (a - first - (b - second))).Sum();
    }

    private static double LogSum(float[] logits)
    {
        double largest = logits.Max();
        return largest + Math.Log(logits.Sum(value => Math.Exp(value - largest)));
    }
}
