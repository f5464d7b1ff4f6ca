using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>One to four rows times a weight of contiguous inputs, as in decoding: limited by reading the weight, which is read once, in order.</summary>
/// <remarks>
/// <para>Shapes: <c>x [rows, inputs]</c>, <c>weight [outputs, inputs]</c> → <c>y [rows, outputs]</c>. Work: 2·rows flops for 4 bytes of weight.</para>
/// <para>The lanes run over outputs: eight rows of the weight are transposed in registers, four k at a time, so each output stays one
/// chain of fused multiply-adds over ascending k. Needs AVX.</para>
/// <para>While one group of outputs is computed the next one is fetched, for groups follow each other in memory.</para>
/// </remarks>
internal static unsafe class FewRowsKernel
{
    /// <summary>Most rows.</summary>
    public const int Rows = 4;

    // Sixteen streams of long rows are too many for the hardware to follow: measured 19 against 28 GB/s with eight.
    private const int ShortInputs = 256;
    private const int Group = 8;
    private const int Line = 16; // floats

    /// <summary>Computes all outputs.</summary>
    public static void Run(
        float* x, long xStride, int rows, float* weight, long stride, int inputs, int outputs, float* y, long yStride, bool accumulate)
    {
        int output = 0;
        if (rows == 1 && inputs <= ShortInputs)
        {
            for (; output + (2 * Group) <= outputs; output += 2 * Group)
            {
                Sixteen(x, weight + (output * stride), stride, inputs, y + output, accumulate);
            }
        }

        for (; output + Group <= outputs; output += Group)
        {
            Eight(x, xStride, rows, weight + (output * stride), stride, inputs, Group, y + output, yStride, accumulate);
        }

        // The last few outputs one by one, their weight row in every lane.
        for (; output < outputs; output++)
        {
            Eight(x, xStride, rows, weight + (output * stride), 0, inputs, 1, y + output, yStride, accumulate);
        }
    }

    /// <summary>One row, sixteen outputs: two chains hide the latency of one.</summary>
    private static void Sixteen(float* x, float* weight, long stride, int inputs, float* y, bool accumulate)
    {
        float* w0 = weight, w4 = weight + (4 * stride), w8 = weight + (8 * stride), w12 = weight + (12 * stride);
        float* next = weight + (16 * stride);
        Vector256<float> low = accumulate ? Vector256.Load(y) : Vector256<float>.Zero;
        Vector256<float> high = accumulate ? Vector256.Load(y + Group) : Vector256<float>.Zero;
        int k = 0;
        for (; k + 4 <= inputs; k += 4)
        {
            Sse.Prefetch1(next);
            Sse.Prefetch1(next + Line);
            Sse.Prefetch1(next + (2 * Line));
            Sse.Prefetch1(next + (3 * Line));
            next += 4 * Line;
            Transposition.FourDeep(w0 + k, w4 + k, stride, out Vector256<float> a0, out Vector256<float> a1, out Vector256<float> a2, out Vector256<float> a3);
            Transposition.FourDeep(w8 + k, w12 + k, stride, out Vector256<float> b0, out Vector256<float> b1, out Vector256<float> b2, out Vector256<float> b3);
            Vector256<float> value = Vector256.Create(x[k]);
            low = Vector256.FusedMultiplyAdd(value, a0, low);
            high = Vector256.FusedMultiplyAdd(value, b0, high);
            value = Vector256.Create(x[k + 1]);
            low = Vector256.FusedMultiplyAdd(value, a1, low);
            high = Vector256.FusedMultiplyAdd(value, b1, high);
            value = Vector256.Create(x[k + 2]);
            low = Vector256.FusedMultiplyAdd(value, a2, low);
            high = Vector256.FusedMultiplyAdd(value, b2, high);
            value = Vector256.Create(x[k + 3]);
            low = Vector256.FusedMultiplyAdd(value, a3, low);
            high = Vector256.FusedMultiplyAdd(value, b3, high);
        }

        low.Store(y);
        high.Store(y + Group);
        Finish(x, weight, stride, k, inputs, 2 * Group, y);
    }

    /// <summary>Up to four rows, eight outputs; rows that are missing repeat the last one and are not stored.</summary>
    private static void Eight(
        float* x, long xStride, int rows, float* weight, long stride, int inputs, int outputs, float* y, long yStride, bool accumulate)
    {
        float* x1 = rows > 1 ? x + xStride : x, x2 = rows > 2 ? x1 + xStride : x1, x3 = rows > 3 ? x2 + xStride : x2;
        float* w0 = weight, w4 = weight + (4 * stride), next = weight + (Group * stride);
        float* sums = stackalloc float[Rows * Group];
        new Span<float>(sums, Rows * Group).Clear();
        for (int row = 0; row < rows && accumulate; row++)
        {
            new ReadOnlySpan<float>(y + (row * yStride), outputs).CopyTo(new Span<float>(sums + (row * Group), outputs));
        }

        Vector256<float> sum0 = Vector256.Load(sums), sum1 = Vector256.Load(sums + Group);
        Vector256<float> sum2 = Vector256.Load(sums + (2 * Group)), sum3 = Vector256.Load(sums + (3 * Group));
        int k = 0;
        for (; k + 4 <= inputs; k += 4)
        {
            Sse.Prefetch1(next);
            Sse.Prefetch1(next + Line);
            next += 2 * Line;
            Transposition.FourDeep(w0 + k, w4 + k, stride, out Vector256<float> a0, out Vector256<float> a1, out Vector256<float> a2, out Vector256<float> a3);
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Create(x[k]), a0, sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Create(x1[k]), a0, sum1);
            sum2 = Vector256.FusedMultiplyAdd(Vector256.Create(x2[k]), a0, sum2);
            sum3 = Vector256.FusedMultiplyAdd(Vector256.Create(x3[k]), a0, sum3);
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Create(x[k + 1]), a1, sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Create(x1[k + 1]), a1, sum1);
            sum2 = Vector256.FusedMultiplyAdd(Vector256.Create(x2[k + 1]), a1, sum2);
            sum3 = Vector256.FusedMultiplyAdd(Vector256.Create(x3[k + 1]), a1, sum3);
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Create(x[k + 2]), a2, sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Create(x1[k + 2]), a2, sum1);
            sum2 = Vector256.FusedMultiplyAdd(Vector256.Create(x2[k + 2]), a2, sum2);
            sum3 = Vector256.FusedMultiplyAdd(Vector256.Create(x3[k + 2]), a2, sum3);
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Create(x[k + 3]), a3, sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Create(x1[k + 3]), a3, sum1);
            sum2 = Vector256.FusedMultiplyAdd(Vector256.Create(x2[k + 3]), a3, sum2);
            sum3 = Vector256.FusedMultiplyAdd(Vector256.Create(x3[k + 3]), a3, sum3);
        }

        sum0.Store(sums);
        sum1.Store(sums + Group);
        sum2.Store(sums + (2 * Group));
        sum3.Store(sums + (3 * Group));
        for (int row = 0; row < rows; row++)
        {
            new ReadOnlySpan<float>(sums + (row * Group), outputs).CopyTo(new Span<float>(y + (row * yStride), outputs));
            Finish(x + (row * xStride), weight, stride, k, inputs, outputs, y + (row * yStride));
        }
    }

    /// <summary>The last k, fewer than four: the chains go on in scalars.</summary>
    private static void Finish(float* x, float* weight, long stride, int k, int inputs, int outputs, float* y)
    {
        for (; k < inputs; k++)
        {
            for (int output = 0; output < outputs; output++)
            {
                y[output] = MathF.FusedMultiplyAdd(x[k], weight[(output * stride) + k], y[output]);
            }
        }
    }
}
