namespace MoeSharp.Tensors.Tests;

public class SequenceLayoutTests
{
    [Fact]
    public void Positions_count_on_from_the_past()
    {
        SequenceLayout layout = new SequenceLayout().Add(3).Add(0, past: 4).Add(2, past: 9);
        layout.SequenceCount.ShouldBe(3);
        layout.RowCount.ShouldBe(5);
        layout.Starts.ToArray().ShouldBe([0, 3, 3, 5]);
        layout.Positions.Span.ToArray().ShouldBe([0, 1, 2, 9, 10]);
        layout.LengthOf(1).ShouldBe(0);
        layout.KeyCountOf(2).ShouldBe(11);
    }

    [Fact]
    public void It_can_be_filled_again_without_allocation()
    {
        SequenceLayout layout = SequenceLayout.FromLengths([100, 7, 3]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++)
        {
            layout.Clear();
            layout.Add(1, i).Add(5).Add(1, 2 * i);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        layout.Positions.Span.ToArray().ShouldBe([49, 0, 1, 2, 3, 4, 98]);
    }

    [Fact]
    public void Sequences_that_do_not_exist_are_told()
    {
        SequenceLayout layout = SequenceLayout.Uniform(2, 4);
        Should.Throw<IndexOutOfRangeException>(() => layout.StartOf(2));
        Should.Throw<ArgumentOutOfRangeException>(() => layout.Add(-1));
    }
}
