using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Five to eight rows times a weight of contiguous inputs: as <see cref="FewRowsKernel"/>, but the rows are a packed panel of eight.</summary>
/// <remarks>Eight outputs times eight rows: every multiply-add of a step belongs to another chain, so that none waits for another. Needs AVX.</remarks>
internal static unsafe class EightRowsKernel
{
    /// <summary>Most rows, and the width of the panel.</summary>
    public const int Rows = 8;

    private const int Line = 16; // floats

    /// <summary>Computes all outputs.</summary>
    public static void Run(
        float* panel, int rows, float* weight, long stride, int inputs, int outputs, float* y, long yStride, bool accumulate)
    {
        int output = 0;
        for (; output + 8 <= outputs; output += 8)
        {
            Eight(panel, rows, weight + (output * stride), stride, inputs, 8, y + output, yStride, accumulate);
        }

        // The last few outputs one by one, their weight row in every lane.
        for (; output < outputs; output++)
        {
            Eight(panel, rows, weight + (output * stride), 0, inputs, 1, y + output, yStride, accumulate);
        }
    }

    private static void Eight(
        float* panel, int rows, float* weight, long stride, int inputs, int outputs, float* y, long yStride, bool accumulate)
    {
        float* w0 = weight, w4 = weight + (4 * stride), next = weight + (8 * stride), x = panel;
        float* sums = stackalloc float[Rows * 8];
        new Span<float>(sums, Rows * 8).Clear();
        for (int row = 0; row < rows && accumulate; row++)
        {
            new ReadOnlySpan<float>(y + (row * yStride), outputs).CopyTo(new Span<float>(sums + (row * 8), outputs));
        }

        Vector256<float> sum0 = Vector256.Load(sums + 0), sum1 = Vector256.Load(sums + 8);
        Vector256<float> sum2 = Vector256.Load(sums + 16), sum3 = Vector256.Load(sums + 24);
        Vector256<float> sum4 = Vector256.Load(sums + 32), sum5 = Vector256.Load(sums + 40);
        Vector256<float> sum6 = Vector256.Load(sums + 48), sum7 = Vector256.Load(sums + 56);
        int k = 0;
        for (; k + 4 <= inputs; k += 4)
        {
            Sse.Prefetch1(next);
            Sse.Prefetch1(next + Line);
            next += 2 * Line;
            Transposition.FourDeep(w0 + k, w4 + k, stride, out Vector256<float> a0, out Vector256<float> a1, out Vector256<float> a2, out Vector256<float> a3);
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Create(x[0]), a0, sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Create(x[1]), a0, sum1);
            sum2 = Vector256.FusedMultiplyAdd(Vector256.Create(x[2]), a0, sum2);
            sum3 = Vector256.FusedMultiplyAdd(Vector256.Create(x[3]), a0, sum3);
            sum4 = Vector256.FusedMultiplyAdd(Vector256.Create(x[4]), a0, sum4);
            sum5 = Vector256.FusedMultiplyAdd(Vector256.Create(x[5]), a0, sum5);
            sum6 = Vector256.FusedMultiplyAdd(Vector256.Create(x[6]), a0, sum6);
            sum7 = Vector256.FusedMultiplyAdd(Vector256.Create(x[7]), a0, sum7);
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Create(x[8]), a1, sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Create(x[9]), a1, sum1);
            sum2 = Vector256.FusedMultiplyAdd(Vector256.Create(x[10]), a1, sum2);
            sum3 = Vector256.FusedMultiplyAdd(Vector256.Create(x[11]), a1, sum3);
            sum4 = Vector256.FusedMultiplyAdd(Vector256.Create(x[12]), a1, sum4);
            sum5 = Vector256.FusedMultiplyAdd(Vector256.Create(x[13]), a1, sum5);
            sum6 = Vector256.FusedMultiplyAdd(Vector256.Create(x[14]), a1, sum6);
            sum7 = Vector256.FusedMultiplyAdd(Vector256.Create(x[15]), a1, sum7);
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Create(x[16]), a2, sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Create(x[17]), a2, sum1);
            sum2 = Vector256.FusedMultiplyAdd(Vector256.Create(x[18]), a2, sum2);
            sum3 = Vector256.FusedMultiplyAdd(Vector256.Create(x[19]), a2, sum3);
            sum4 = Vector256.FusedMultiplyAdd(Vector256.Create(x[20]), a2, sum4);
            sum5 = Vector256.FusedMultiplyAdd(Vector256.Create(x[21]), a2, sum5);
            sum6 = Vector256.FusedMultiplyAdd(Vector256.Create(x[22]), a2, sum6);
            sum7 = Vector256.FusedMultiplyAdd(Vector256.Create(x[23]), a2, sum7);
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Create(x[24]), a3, sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Create(x[25]), a3, sum1);
            sum2 = Vector256.FusedMultiplyAdd(Vector256.Create(x[26]), a3, sum2);
            sum3 = Vector256.FusedMultiplyAdd(Vector256.Create(x[27]), a3, sum3);
            sum4 = Vector256.FusedMultiplyAdd(Vector256.Create(x[28]), a3, sum4);
            sum5 = Vector256.FusedMultiplyAdd(Vector256.Create(x[29]), a3, sum5);
            sum6 = Vector256.FusedMultiplyAdd(Vector256.Create(x[30]), a3, sum6);
            sum7 = Vector256.FusedMultiplyAdd(Vector256.Create(x[31]), a3, sum7);
            x += 4 * Rows;
        }

        sum0.Store(sums);
        sum1.Store(sums + 8);
        sum2.Store(sums + 16);
        sum3.Store(sums + 24);
        sum4.Store(sums + 32);
        sum5.Store(sums + 40);
        sum6.Store(sums + 48);
        sum7.Store(sums + 56);
        for (; k < inputs; k++, x += Rows)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int output = 0; output < outputs; output++)
                {
                    float* sum = sums + (row * 8) + output;
                    *sum = MathF.FusedMultiplyAdd(x[row], weight[(output * stride) + k], *sum);
                }
            }
        }

        for (int row = 0; row < rows; row++)
        {
            new ReadOnlySpan<float>(sums + (row * 8), outputs).CopyTo(new Span<float>(y + (row * yStride), outputs));
        }
    }
}
