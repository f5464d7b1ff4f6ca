using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Training;
using MoeSharp.Training.Monitoring;

namespace MoeSharp.Tests.Training.Monitoring;

public sealed class CollapseDetectorTests
{
    private static readonly ExpertLayer s_layer = new(Layer: 3, ExpertCount: 8, TopK: 2);

    [Fact]
    public void Balance_of_known_loads_has_the_known_values()
    {
        LayerBalance even = LayerBalance.From(0, [5, 5, 5, 5], dropped: 0, topSum: 10, topCount: 20);
        even.ShouldBe(new LayerBalance(0, 4, MaxVio: 0, DeadExperts: 0, LoadEntropy: 1, DropRate: 0, MeanTop1: 0.5));

        LayerBalance skewed = LayerBalance.From(0, [20, 0, 0, 0], dropped: 5, topSum: 0, topCount: 0);
        skewed.MaxVio.ShouldBe(3);
        skewed.DeadExperts.ShouldBe(3);
        skewed.LoadEntropy.ShouldBe(0);
        skewed.DropRate.ShouldBe(0.25);
        skewed.MeanTop1.ShouldBe(double.NaN);

        LayerBalance half = LayerBalance.From(0, [8, 8, 0, 0], dropped: 0, topSum: 0, topCount: 0);
        half.LoadEntropy.ShouldBe(0.5, 1e-12);
        half.MaxVio.ShouldBe(1);
    }

    [Fact]
    public void The_meter_counts_choices_drops_and_the_largest_share_of_score()
    {
        using var scope = new TensorScope();
        Indices ids = scope.NewIndices(4), served = scope.NewIndices(4);
        ((int[])[0, 1, 0, 7]).CopyTo(ids.Span);
        ((int[])[0, 1, -1, 7]).CopyTo(served.Span);
        float[] scores = new float[16];
        scores[0] = 0.75f;
        scores[1] = 0.25f;
        scores[8] = 0.5f;
        scores[15] = 0.5f;
        var meter = new BalanceMeter([s_layer]);
        meter.Observe(3, new RoutingDecision
        {
            Ids = ids,
            ServedIds = served,
            Weights = scope.Zeros(new TensorShape(2, 2)),
            Scores = scope.From(scores, new TensorShape(2, 8)),
            ExpertCount = 8,
        });
        meter.Observe(4, default); // a layer nobody asked for is not looked at

        LayerBalance balance = meter.Report()[0];
        balance.MaxVio.ShouldBe(3);
        balance.DeadExperts.ShouldBe(5);
        balance.DropRate.ShouldBe(0.25);
        balance.MeanTop1.ShouldBe(0.625, 1e-7);
        meter.Clear();
        meter.Report()[0].DeadExperts.ShouldBe(8);
    }

    [Fact]
    public void Even_loads_never_trigger_and_dead_experts_do_once_with_the_cures()
    {
        var detector = new CollapseDetector([s_layer], new CollapseThresholds { WindowStepCount = 5 });
        for (int step = 1; step <= 20; step++)
        {
            Feed(detector, step, [4, 5, 3, 4, 4, 5, 3, 4]).ShouldBeEmpty();
        }

        var notices = new List<CollapseNotice>();
        for (int step = 21; step <= 40; step++)
        {
            notices.AddRange(Feed(detector, step, [12, 12, 3, 3, 2, 0, 0, 0]));
        }

        CollapseNotice notice = notices.ShouldHaveSingleItem();
        notice.IsCollapsed.ShouldBeTrue();
        notice.Step.ShouldBe(25);
        notice.Message.ShouldStartWith("step 25: the experts of layer 3 are collapsing: 3 of 8 experts without a token");
        notice.Message.ShouldContain("balance coefficient");
        detector.IsCollapsed.ShouldBeTrue();

        notices.Clear();
        for (int step = 41; step <= 50; step++)
        {
            notices.AddRange(Feed(detector, step, [4, 4, 4, 4, 4, 4, 4, 4]));
        }

        notices.ShouldHaveSingleItem().Message.ShouldStartWith("step 45: the experts of layer 3 are balanced again");
    }

    [Theory]
    [InlineData(new[] { 18, 3, 2, 2, 2, 2, 2, 1 }, true)] // nobody dead, entropy low or one far above the rest
    [InlineData(new[] { 8, 6, 5, 4, 3, 3, 2, 1 }, false)] // uneven, as healthy young runs are
    public void A_strong_skew_triggers_a_mild_one_does_not(int[] load, bool triggers)
    {
        var detector = new CollapseDetector([s_layer], new CollapseThresholds { WindowStepCount = 1 });

        Feed(detector, 1, load).Count.ShouldBe(triggers ? 1 : 0);
    }

    private static IReadOnlyList<CollapseNotice> Feed(CollapseDetector detector, long step, int[] load)
    {
        using var scope = new TensorScope();
        int[] choices = [.. load.SelectMany((count, expert) => Enumerable.Repeat(expert, count))];
        Indices ids = scope.NewIndices(choices.Length);
        choices.CopyTo(ids.Span);
        var meter = new BalanceMeter([s_layer]);
        meter.Observe(3, new RoutingDecision
        {
            Ids = ids,
            ServedIds = ids,
            Weights = scope.Zeros(new TensorShape(choices.Length, 1)),
            ExpertCount = 8,
        });
        return detector.Add(step, meter);
    }
}
