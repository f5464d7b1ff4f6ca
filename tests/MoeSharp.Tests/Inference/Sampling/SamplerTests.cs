using MoeSharp.Inference.Sampling;

namespace MoeSharp.Tests.Inference.Sampling;

public class SamplerTests
{
    private const int Draws = 4000;
    private static readonly float[] s_logits = [.. new[] { 0.5, 0.2, 0.15, 0.1, 0.05 }.Select(p => (float)Math.Log(p))];

    [Fact]
    public void Greedy_takes_the_highest_and_the_lower_id_of_equals()
    {
        Next(SamplingOptions.Greedy, [1, 3, 3, -1]).ShouldBe(1);
        Next(SamplingOptions.Greedy, [float.NegativeInfinity, -2, float.NegativeInfinity]).ShouldBe(1);
    }

    [Fact]
    public void Draws_follow_the_probabilities() => Frequencies(new SamplingOptions()).ShouldBe([0.5, 0.2, 0.15, 0.1, 0.05], 0.03);

    [Fact]
    public void Temperature_sharpens() =>
        Frequencies(new SamplingOptions { Temperature = 0.5f }).ShouldBe(Normalised(0.25, 0.04, 0.0225, 0.01, 0.0025), 0.03);

    [Fact]
    public void Top_k_keeps_the_k_highest() =>
        Frequencies(new SamplingOptions { TopK = 2 }).ShouldBe(Normalised(0.5, 0.2, 0, 0, 0), 0.03);

    [Fact]
    public void Top_k_keeps_the_lower_id_of_equals()
    {
        double[] seen = Frequencies(new SamplingOptions { TopK = 2 }, [0, 1, 1, 1, 0]);
        seen.ShouldBe([0, 0.5, 0.5, 0, 0], 0.03);
    }

    [Fact]
    public void Top_p_keeps_the_fewest_that_reach_the_sum()
    {
        Frequencies(new SamplingOptions { TopP = 0.6f }).ShouldBe(Normalised(0.5, 0.2, 0, 0, 0), 0.03);
        Frequencies(new SamplingOptions { TopP = 0.71f }).ShouldBe(Normalised(0.5, 0.2, 0.15, 0, 0), 0.03);
        Frequencies(new SamplingOptions { TopP = 0.001f }).ShouldBe([1, 0, 0, 0, 0], 1e-9);
    }

    [Fact]
    public void Min_p_keeps_a_share_of_the_highest() =>
        Frequencies(new SamplingOptions { MinP = 0.25f }).ShouldBe(Normalised(0.5, 0.2, 0.15, 0, 0), 0.03);

    [Fact]
    public void Rules_see_what_the_ones_before_left() =>
        Frequencies(new SamplingOptions { TopK = 3, TopP = 0.8f }).ShouldBe(Normalised(0.5, 0.2, 0, 0, 0), 0.03);

    [Fact]
    public void Tokens_that_occurred_are_penalised_by_their_sign()
    {
        var sampler = new Sampler(SamplingOptions.Greedy with { RepetitionPenalty = 2 }, 3);
        sampler.Accept([0]);
        sampler.Next([3, 2, 1]).ShouldBe(1, "3 / 2 is below 2");
        sampler.Next([3, 2, 1.4f]).ShouldBe(0, "2 / 2 is below 3 / 2");
        var negative = new Sampler(SamplingOptions.Greedy with { RepetitionPenalty = 2 }, 2);
        negative.Accept([0]);
        negative.Next([-1, -1.5f]).ShouldBe(1, "−1 · 2 is below −1.5");
    }

    [Fact]
    public void A_seed_repeats_and_another_differs()
    {
        int[] first = Draw(new SamplingOptions { Seed = 5 }, 50);
        Draw(new SamplingOptions { Seed = 5 }, 50).ShouldBe(first);
        Draw(new SamplingOptions { Seed = 6 }, 50).ShouldNotBe(first);
    }

    [Fact]
    public void A_logit_that_is_no_number_is_named() =>
        Should.Throw<InvalidOperationException>(() => Next(new SamplingOptions(), [0, float.NaN])).Message
            .ShouldBe("sampler: the logit of token 1 is not a number. The weights are damaged, or an activation overflowed.");

    [Fact]
    public void All_faults_of_the_options_are_told_at_once() =>
        Should.Throw<ConfigException>(() => new SamplingOptions
        {
            Temperature = -1,
            TopK = -2,
            TopP = 0,
            MinP = 2,
            RepetitionPenalty = float.NaN,
        }.Validate()).Faults.Count.ShouldBe(5);

    private static int Next(SamplingOptions options, float[] logits) => new Sampler(options, logits.Length).Next(logits);

    private static int[] Draw(SamplingOptions options, int count, float[]? logits = null)
    {
        var sampler = new Sampler(options, s_logits.Length);
        return [.. Enumerable.Range(0, count).Select(_ => sampler.Next(logits ?? s_logits))];
    }

    private static double[] Frequencies(SamplingOptions options, float[]? logits = null)
    {
        double[] counts = new double[s_logits.Length];
        foreach (int id in Draw(options with { Seed = 3 }, Draws, logits))
        {
            counts[id] += 1.0 / Draws;
        }

        return counts;
    }

    private static double[] Normalised(params double[] weights) => [.. weights.Select(weight => weight / weights.Sum())];
}
