namespace MoeSharp.Tensors.Tests;

public class TensorPoolTests
{
    [Fact]
    public void A_size_class_holds_its_length_wastes_a_quarter_at_most_and_is_its_own_class()
    {
        int last = 0;
        for (long length = 1; length < 70_000; length++)
        {
            int sizeClass = TensorPool.SizeClass(length, out long capacity);
            capacity.ShouldBeGreaterThanOrEqualTo(length);
            (capacity <= 16 || capacity <= (length * 5 / 4) + 1).ShouldBeTrue($"length {length} takes {capacity}");
            TensorPool.SizeClass(capacity, out long again).ShouldBe(sizeClass);
            again.ShouldBe(capacity);
            sizeClass.ShouldBeGreaterThanOrEqualTo(last);
            last = sizeClass;
        }
    }

    [Fact]
    public void The_second_step_takes_nothing_from_the_system()
    {
        var pool = new TensorPool();
        using var scope = new TensorScope(pool);
        for (int step = 0; step < 3; step++)
        {
            scope.New(new(7, 9));
            scope.New(new(7, 9));
            scope.NewIndices(5);
            scope.Reset();
        }

        pool.ReservedBytes.ShouldBe(((2 * 64) + 16) * 4);
    }
}
