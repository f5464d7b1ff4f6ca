namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>One product an expert, over rows sorted by expert: what a Mixture-of-Experts layer spends its time on.</summary>
/// <remarks>
/// <para>Expert e owns the rows <c>offsets[e]</c> to <c>offsets[e + 1] − 1</c>; segments may be empty. Weights are
/// <c>[E, M, K]</c>: M outputs of K inputs an expert. Work: 2·N·M·K flops.</para>
/// <para>Rounding as <see cref="MatMulKernel"/>: one ascending chain an element, so an expert's result is that of its own
/// product, whatever the others do.</para>
/// <para>All experts share two parallel regions, cut into chunks of weight rows that threads take one by one, so that experts
/// of very different load do not leave a thread waiting.</para>
/// </remarks>
internal static unsafe class GroupedMatMulKernel
{
    /// <summary>Up to here (16 MiB) weights may be rearranged; more would not stay in any cache until they are used.</summary>
    private const long PackedLimit = 4 << 20;

    /// <summary><c>y [N, M]</c>, rows of expert e: <c>x·W[e]ᵀ</c> from <c>x [N, K]</c>.</summary>
    public static void Nt(
        Workers workers, float* x, float* weight, float* y, int* offsets, int experts, int outputs, int inputs, bool accumulate) =>
        Nt(workers, x, weight, y, offsets, experts, outputs, inputs, accumulate, Simd.Width);

    /// <summary><c>dx [N, K]</c>, rows of expert e: <c>dy·W[e]</c> from <c>dy [N, M]</c>.</summary>
    public static void Nn(
        Workers workers, float* dy, float* weight, float* dx, int* offsets, int experts, int outputs, int inputs, bool accumulate) =>
        Nn(workers, dy, weight, dx, offsets, experts, outputs, inputs, accumulate, Simd.Width);

    /// <summary><c>dW [E, M, K]</c>: <c>dyᵀ·x</c> over the rows of each expert; an expert without rows gets zeros (or keeps its
    /// old values, when accumulating).</summary>
    public static void Tn(
        Workers workers, float* dy, float* x, float* dw, int* offsets, int experts, int outputs, int inputs, bool accumulate) =>
        Tn(workers, dy, x, dw, offsets, experts, outputs, inputs, accumulate, Simd.Width);

    internal static void Nt(
        Workers workers, float* x, float* weight, float* y, int* offsets, int experts, int outputs, int inputs, bool accumulate, int simdWidth) =>
        OverRows(
            workers, MatrixOperand.AlongDepth(x, inputs), MatrixOperand.AlongDepth(weight, inputs), y, offsets, experts,
            outputs, inputs, (long)outputs * inputs, accumulate, simdWidth);

    internal static void Nn(
        Workers workers, float* dy, float* weight, float* dx, int* offsets, int experts, int outputs, int inputs, bool accumulate, int simdWidth) =>
        OverRows(
            workers, MatrixOperand.AlongDepth(dy, outputs), MatrixOperand.AcrossDepth(weight, inputs), dx, offsets, experts,
            inputs, outputs, (long)outputs * inputs, accumulate, simdWidth);

    internal static void Tn(
        Workers workers, float* dy, float* x, float* dw, int* offsets, int experts, int outputs, int inputs, bool accumulate, int simdWidth)
    {
        var whole = new Product
        {
            Panels = MatrixOperand.AcrossDepth(x, inputs),
            PanelRows = inputs,
            Blocks = MatrixOperand.AcrossDepth(dy, outputs),
            BlockRows = outputs,
            C = dw,
            BlockStride = inputs,
            PanelStride = 1,
            Accumulate = accumulate,
        };
        ProductRunner.Run(workers, new DepthGroups(whole, offsets, experts, (long)outputs * inputs), simdWidth);
    }

    /// <summary>Rows of <paramref name="a"/> times the weight <paramref name="b"/> of their expert, <paramref name="n"/> columns of sums over <paramref name="k"/>.</summary>
    private static void OverRows(
        Workers workers, MatrixOperand a, MatrixOperand b, float* c, int* offsets, int experts, int n, int k, long weightLength,
        bool accumulate, int simdWidth)
    {
        int used = 0, most = 0;
        for (int e = 0; e < experts; e++)
        {
            int rows = offsets[e + 1] - offsets[e];
            used += rows > 0 ? 1 : 0;
            most = Math.Max(most, rows);
        }

        if (used == 0 || n == 0)
        {
            return;
        }

        bool exchange = experts * weightLength > PackedLimit || MatMulKernel.Exchange(a, b, (offsets[experts] - offsets[0]) / used, n, k);
        var whole = new Product
        {
            Panels = exchange ? a : b,
            PanelRows = n,
            Blocks = exchange ? b : a,
            BlockRows = n,
            Depth = k,
            C = c,
            BlockStride = exchange ? 1 : n,
            PanelStride = exchange ? n : 1,
            Accumulate = accumulate,
        };
        if (exchange)
        {
            ProductRunner.Run(workers, new RowGroups(whole, offsets, experts, weightLength), simdWidth);
        }
        else
        {
            ProductRunner.Run(workers, new WeightGroups(whole, offsets, experts, most, weightLength), simdWidth);
        }
    }
}
