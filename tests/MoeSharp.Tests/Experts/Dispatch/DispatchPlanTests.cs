using MoeSharp.Experts.Dispatch;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Experts.Dispatch;

public class DispatchPlanTests
{
    [Fact]
    public void The_example_of_the_documentation_is_true()
    {
        using var scope = new TensorScope();
        DispatchPlan plan = DispatchPlan.Build(scope, Indices.From([2, 0, 2, -1, 0, 3]), topK: 2, expertCount: 4);
        plan.Offsets.Span.ToArray().ShouldBe([0, 2, 2, 4, 5]);
        plan.TokenOfRow.Span.ToArray().ShouldBe([0, 2, 0, 1, 2]);
        plan.ChoiceOfRow.Span.ToArray().ShouldBe([1, 4, 0, 2, 5]);
        plan.RowOfChoice.Span.ToArray().ShouldBe([2, 0, 3, -1, 1, 4]);
        plan.RowCount.ShouldBe(5);
        plan.RowsOf(1).ShouldBe(0);
    }

    [Fact]
    public void Rows_and_choices_are_inverse_and_sorted_by_expert_then_token()
    {
        using var scope = new TensorScope();
        var rng = new Rng(3);
        int[] ids = [.. Enumerable.Range(0, 3 * 200).Select(_ => rng.NextInt(17) - 1)];
        DispatchPlan plan = DispatchPlan.Build(scope, Indices.From(ids), topK: 3, expertCount: 16);
        for (int row = 0; row < plan.RowCount; row++)
        {
            plan.RowOfChoice[plan.ChoiceOfRow[row]].ShouldBe(row);
            plan.TokenOfRow[row].ShouldBe(plan.ChoiceOfRow[row] / 3);
            int expert = ids[plan.ChoiceOfRow[row]];
            row.ShouldBeInRange(plan.Offsets[expert], plan.Offsets[expert + 1] - 1);
            if (row > plan.Offsets[expert])
            {
                plan.ChoiceOfRow[row].ShouldBeGreaterThan(plan.ChoiceOfRow[row - 1]);
            }
        }
    }

    [Fact]
    public void No_served_choice_is_a_plan_without_rows()
    {
        using var scope = new TensorScope();
        DispatchPlan plan = DispatchPlan.Build(scope, Indices.From([-1, -1]), topK: 1, expertCount: 2);
        plan.RowCount.ShouldBe(0);
        plan.Offsets.Span.ToArray().ShouldBe([0, 0, 0]);
    }
}
