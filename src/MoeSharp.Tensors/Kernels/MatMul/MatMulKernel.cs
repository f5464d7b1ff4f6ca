namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Matrix products in float32: <c>c[i, j] = Σₖ a(i, k)·b(j, k)</c>, in every arrangement of the factors.</summary>
/// <remarks>
/// <para>Shapes: <see cref="Nt"/> a [m, k], b [n, k]; <see cref="Nn"/> a [m, k], b [k, n]; <see cref="Tn"/> a [k, m], b [k, n];
/// <see cref="Tt"/> a [k, m], b [n, k] stored [n, k]; always c [m, n]. Work: 2·m·n·k flops.</para>
/// <para>Rounding: each element of c is ONE chain of fused multiply-adds over ascending k, from 0 or, when accumulating, from
/// its old value. So the bits do not depend on lane width, tiles, row count or threads.</para>
/// <para>Edges: k = 0 gives zeros (or leaves c, when accumulating); m or n = 0 does nothing.</para>
/// </remarks>
internal static unsafe class MatMulKernel
{
    /// <summary><c>c [m, n] = a [m, k] · b [n, k]ᵀ</c>: a linear layer.</summary>
    public static void Nt(Workers workers, float* a, float* b, float* c, int m, int n, int k, bool accumulate) =>
        Run(workers, MatrixOperand.AlongDepth(a, k), MatrixOperand.AlongDepth(b, k), c, m, n, k, accumulate);

    /// <summary><c>c [m, n] = a [m, k] · b [k, n]</c>: its gradient for the input.</summary>
    public static void Nn(Workers workers, float* a, float* b, float* c, int m, int n, int k, bool accumulate) =>
        Run(workers, MatrixOperand.AlongDepth(a, k), MatrixOperand.AcrossDepth(b, n), c, m, n, k, accumulate);

    /// <summary><c>c [m, n] = a [k, m]ᵀ · b [k, n]</c>: its gradient for the weight.</summary>
    public static void Tn(Workers workers, float* a, float* b, float* c, int m, int n, int k, bool accumulate) =>
        Run(workers, MatrixOperand.AcrossDepth(a, m), MatrixOperand.AcrossDepth(b, n), c, m, n, k, accumulate);

    /// <summary><c>c [m, n] = a [k, m]ᵀ · b [n, k]ᵀ</c>.</summary>
    public static void Tt(Workers workers, float* a, float* b, float* c, int m, int n, int k, bool accumulate) =>
        Run(workers, MatrixOperand.AcrossDepth(a, m), MatrixOperand.AlongDepth(b, k), c, m, n, k, accumulate);

    /// <summary>The definition. Every other path gives the same bits.</summary>
    internal static void Scalar(MatrixOperand a, MatrixOperand b, float* c, long rowStride, int m, int n, int k, bool accumulate)
    {
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                float* left = a.Pointer + (i * a.RowStride), right = b.Pointer + (j * b.RowStride);
                float sum = accumulate ? c[(i * rowStride) + j] : 0;
                for (int p = 0; p < k; p++)
                {
                    sum = MathF.FusedMultiplyAdd(left[p * a.DepthStride], right[p * b.DepthStride], sum);
                }

                c[(i * rowStride) + j] = sum;
            }
        }
    }

    private static void Run(Workers workers, MatrixOperand a, MatrixOperand b, float* c, int m, int n, int k, bool accumulate) =>
        workers.Run(m, new RowWork(a, b, c, n, k, accumulate));

    private readonly struct RowWork(MatrixOperand a, MatrixOperand b, float* c, int n, int k, bool accumulate) : IWork
    {
        public void Run(int item, int worker) => Scalar(a.FromRow(item), b, c + ((long)item * n), n, 1, n, k, accumulate);
    }
}
