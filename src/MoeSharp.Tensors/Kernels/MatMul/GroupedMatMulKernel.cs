namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>One product an expert, over rows sorted by expert: what a Mixture-of-Experts layer spends its time on.</summary>
/// <remarks>
/// <para>Expert e owns the rows <c>offsets[e]</c> to <c>offsets[e + 1] − 1</c>; segments may be empty. Weights are
/// <c>[E, M, K]</c>: M outputs of K inputs an expert.</para>
/// <para>Rounding as <see cref="MatMulKernel"/>: one ascending chain an element, so an expert's result is that of its own
/// product, whatever the others do.</para>
/// </remarks>
internal static unsafe class GroupedMatMulKernel
{
    /// <summary><c>y [N, M]</c>, rows of expert e: <c>x·W[e]ᵀ</c> from <c>x [N, K]</c>.</summary>
    public static void Nt(
        Workers workers, float* x, float* weight, float* y, int* offsets, int experts, int outputs, int inputs, bool accumulate)
    {
        for (int e = 0; e < experts; e++)
        {
            long start = offsets[e];
            MatMulKernel.Nt(
                workers, x + (start * inputs), weight + ((long)e * outputs * inputs), y + (start * outputs), offsets[e + 1] - (int)start, outputs, inputs, accumulate);
        }
    }

    /// <summary><c>dx [N, K]</c>, rows of expert e: <c>dy·W[e]</c> from <c>dy [N, M]</c>.</summary>
    public static void Nn(
        Workers workers, float* dy, float* weight, float* dx, int* offsets, int experts, int outputs, int inputs, bool accumulate)
    {
        for (int e = 0; e < experts; e++)
        {
            long start = offsets[e];
            MatMulKernel.Nn(
                workers, dy + (start * outputs), weight + ((long)e * outputs * inputs), dx + (start * inputs), offsets[e + 1] - (int)start, inputs, outputs, accumulate);
        }
    }

    /// <summary><c>dW [E, M, K]</c>: <c>dyᵀ·x</c> over the rows of each expert; an expert without rows gets zeros (or keeps its
    /// old values, when accumulating).</summary>
    public static void Tn(
        Workers workers, float* dy, float* x, float* dw, int* offsets, int experts, int outputs, int inputs, bool accumulate)
    {
        for (int e = 0; e < experts; e++)
        {
            long start = offsets[e];
            MatMulKernel.Tn(
                workers, dy + (start * outputs), x + (start * inputs), dw + ((long)e * outputs * inputs), outputs, inputs, offsets[e + 1] - (int)start, accumulate);
        }
    }
}
