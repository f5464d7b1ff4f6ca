using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Tests.Kernels;

public class TopKKernelTests
{
    [Fact]
    public void Both_bodies_choose_as_the_definition_at_every_size()
    {
        var rng = new Rng(11);
        foreach (int count in new[] { 1, 2, 3, 7, 8, 31, 64, 65, 128, 257, 512 })
        {
            foreach (int k in new[] { 0, 1, 2, 6, 8, 32, 33, 64, 200, 512 }.Where(k => k <= count))
            {
                float[] scores = new float[count];
                for (int i = 0; i < count; i++)
                {
                    scores[i] = rng.NextInt(count) - (count / 2); // many ties
                }

                int[] wanted = new int[k], chosen = new int[k], inserted = new int[Math.Min(k, 32)], sorted = new int[k];
                TopKKernel.Scalar(scores, wanted);
                TopKKernel.Run(scores, chosen);
                TopKKernel.Insert(scores, inserted);
                TopKKernel.Sort(scores, sorted);
                chosen.ShouldBe(wanted);
                inserted.ShouldBe(wanted[..inserted.Length]);
                sorted.ShouldBe(wanted);
            }
        }
    }

    [Fact]
    public void Equal_scores_choose_the_lower_index_and_zeros_are_equal()
    {
        int[] ids = new int[4];
        TopKKernel.Run([-0f, 1, 0f, 1, -0f], ids);
        ids.ShouldBe([1, 3, 0, 2]);
        TopKKernel.Sort([-0f, 1, 0f, 1, -0f], ids);
        ids.ShouldBe([1, 3, 0, 2]);
    }

    [Fact]
    public void NaN_comes_last_even_after_minus_infinity()
    {
        float[] scores = [float.NaN, float.NegativeInfinity, -3, float.NaN, float.PositiveInfinity];
        int[] ids = new int[5], sorted = new int[5], wanted = [4, 2, 1, 0, 3];
        TopKKernel.Run(scores, ids);
        TopKKernel.Sort(scores, sorted);
        ids.ShouldBe(wanted);
        sorted.ShouldBe(wanted);
        TopKKernel.Scalar(scores, ids);
        ids.ShouldBe(wanted);
    }

    [Fact]
    public void Rows_are_chosen_one_by_one()
    {
        int[] ids = new int[4];
        TopKKernel.Rows([1, 2, 3, 9, 8, 7], 3, ids, 2);
        ids.ShouldBe([2, 1, 0, 1]);
    }

    [Fact]
    public void More_than_there_are_is_refused() =>
        Should.Throw<ArgumentException>(() => TopKKernel.Run([1f, 2f], new int[3]))
            .Message.ShouldBe("top-k: k is 3, but there are 2 scores. k must not exceed that.");
}
