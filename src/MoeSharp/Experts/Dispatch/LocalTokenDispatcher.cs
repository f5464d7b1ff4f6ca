using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Dispatch;

/// <summary>All experts live in this process: dispatch is a gather, combine a weighted sum in the order of choices.</summary>
public sealed class LocalTokenDispatcher : ITokenDispatcher
{
    private LocalTokenDispatcher()
    {
    }

    /// <summary>The only one; it has no state.</summary>
    public static LocalTokenDispatcher Instance { get; } = new();

    /// <inheritdoc/>
    public Tensor Dispatch(Tensor x, in DispatchPlan plan, out Indices offsets)
    {
        offsets = plan.Offsets;
        return GatherRowsOp.Apply(x, plan.TokenOfRow);
    }

    /// <inheritdoc/>
    public Tensor Combine(Tensor rows, in DispatchPlan plan, Tensor weights) =>
        CombineRowsOp.Apply(rows, plan.RowOfChoice, weights);
}
