namespace MoeSharp.Tensors.Tests;

public class WorkersTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_item_runs_exactly_once(int count)
    {
        using var workers = new Workers(count);
        for (int repetition = 0; repetition < 200; repetition++)
        {
            int[] hits = new int[repetition];
            workers.Run(hits.Length, new Count(hits));
            hits.ShouldAllBe(hit => hit == 1);
        }
    }

    [Fact]
    public void A_fault_reaches_the_caller_and_the_team_goes_on()
    {
        using var workers = new Workers(3);
        Should.Throw<InvalidOperationException>(() => workers.Run(100, new Fail(at: 37))).Message.ShouldBe("item 37");
        int[] hits = new int[100];
        workers.Run(hits.Length, new Count(hits));
        hits.ShouldAllBe(hit => hit == 1);
    }

    [Fact]
    public void Regions_inside_regions_run_on_the_same_thread()
    {
        using var workers = new Workers(2);
        int[] hits = new int[40];
        workers.Run(4, new Nest(workers, hits));
        hits.ShouldAllBe(hit => hit == 1);
    }

    [Fact]
    public void A_parked_team_wakes_up()
    {
        using var workers = new Workers(2);
        for (int i = 0; i < 5; i++)
        {
            Thread.Sleep(5);
            int[] hits = new int[64];
            workers.Run(hits.Length, new Count(hits));
            hits.ShouldAllBe(hit => hit == 1);
        }
    }

    private readonly struct Count(int[] hits) : IWork
    {
        public void Run(int item, int worker) => Interlocked.Increment(ref hits[item]);
    }

    private readonly struct Fail(int at) : IWork
    {
        public void Run(int item, int worker)
        {
            if (item == at)
            {
                throw new InvalidOperationException($"item {item}");
            }
        }
    }

    private readonly struct Nest(Workers workers, int[] hits) : IWork
    {
        public void Run(int item, int worker) => workers.Run(10, new Part(hits, item * 10));
    }

    private readonly struct Part(int[] hits, int start) : IWork
    {
        public void Run(int item, int worker) => Interlocked.Increment(ref hits[start + item]);
    }
}
