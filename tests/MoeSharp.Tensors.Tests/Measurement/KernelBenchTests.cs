using MoeSharp.Tensors.Measurement;

namespace MoeSharp.Tensors.Tests.Measurement;

public class KernelBenchTests
{
    [Theory]
    [InlineData(64, 4096)]
    [InlineData(8, 100)]
    [InlineData(1, 7)]
    public void A_Zipf_load_falls_as_one_over_the_rank_and_adds_up(int experts, int rows)
    {
        int[] load = KernelBench.ZipfLoad(experts, rows);
        load.Sum().ShouldBe(rows);
        int[] byRank = [.. load.OrderDescending()];
        double harmonic = Enumerable.Range(1, experts).Sum(rank => 1.0 / rank);
        for (int rank = 0; rank < experts; rank++)
        {
            ((double)byRank[rank]).ShouldBe(rows / (harmonic * (rank + 1)), 1.0, $"rank {rank}");
        }
    }

    [Fact]
    public void An_even_load_gives_every_row_to_an_expert()
    {
        int[] load = KernelBench.EvenLoad(8, 100);
        load.Sum().ShouldBe(100);
        load[1..].ShouldAllBe(rows => rows == 12);
    }

    [Fact]
    public void The_best_time_is_the_shortest_of_all_runs()
    {
        int runs = 0;
        BestTime.Of(() => runs++, runs: 4).ShouldBeGreaterThanOrEqualTo(0);
        runs.ShouldBe(5); // one is not counted
    }

    [Fact]
    public void A_peak_is_found_by_thread_count()
    {
        var peak = new PeakPair(10, 19);
        (peak.For(1), peak.For(2), peak.For(8)).ShouldBe((10, 19, 19));
        peak.Max(new PeakPair(9, 20)).ShouldBe(new PeakPair(10, 20));
    }
}
