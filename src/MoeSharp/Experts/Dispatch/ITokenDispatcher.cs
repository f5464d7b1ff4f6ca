using MoeSharp.Tensors;

namespace MoeSharp.Experts.Dispatch;

/// <summary>Brings the rows of tokens to experts, and results back: here by memory, between machines by messages.</summary>
public interface ITokenDispatcher
{
    /// <summary>Rows for the experts that live here, sorted by expert.</summary>
    /// <param name="x">Tokens <c>[T, D]</c>.</param>
    /// <param name="plan">Who goes where.</param>
    /// <param name="offsets">First row of every expert that lives here, and the count of rows at the end.</param>
    /// <returns>Rows <c>[N, D]</c>.</returns>
    Tensor Dispatch(Tensor x, in DispatchPlan plan, out Indices offsets);

    /// <summary>Brings results back and adds them up.</summary>
    /// <param name="rows">Results <c>[N, D]</c>.</param>
    /// <param name="plan">Who came from where.</param>
    /// <param name="weights">Weights <c>[T, K]</c>.</param>
    /// <returns>The sum for every token <c>[T, D]</c>.</returns>
    Tensor Combine(Tensor rows, in DispatchPlan plan, Tensor weights);
}
