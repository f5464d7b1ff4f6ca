using MoeSharp.Training.Schedules;

namespace MoeSharp.Tests.Training.Schedules;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void A_cosine_stays_at_its_minimum_past_the_end()
    {
        var schedule = new DecaySchedule(30, 0.1) { Warmup = new Warmup(5) };

        schedule.Factor(29).ShouldBeGreaterThan(0.1);
        schedule.Factor(30).ShouldBe(0.1, 1e-15);
        schedule.Factor(45).ShouldBe(0.1, 1e-15);
    }

    [Fact]
    public void The_first_step_of_our_warm_up_already_moves()
    {
        var schedule = new ConstantSchedule { Warmup = new Warmup(4) };

        Enumerable.Range(0, 6).Select(step => schedule.Factor(step)).ShouldBe([0.25, 0.5, 0.75, 1, 1, 1]);
    }

    [Fact]
    public void A_negative_step_is_refused() =>
        Should.Throw<ArgumentOutOfRangeException>(() => new ConstantSchedule().Factor(-1));
}
