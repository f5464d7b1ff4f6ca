using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Turns a small matrix: rows become columns.</summary>
/// <remarks>Numbers are moved, never computed with, so every width gives the same bits. Four by four where the processor can.</remarks>
internal static unsafe class TurnKernel
{
    /// <summary>Writes <c>target[j, i] = source[i, j]</c>.</summary>
    /// <param name="source"><c>[size, …]</c>.</param>
    /// <param name="stride">From one row of the source to the next.</param>
    /// <param name="target"><c>[count, size]</c>.</param>
    /// <param name="count">Columns of the source that are turned.</param>
    /// <param name="size">Rows of the source.</param>
    public static void Run(float* source, long stride, float* target, int count, int size)
    {
        int row = 0;
        for (; Sse.IsSupported && row + 4 <= size; row += 4)
        {
            float* from = source + (row * stride);
            int j = 0;
            for (; j + 4 <= count; j += 4)
            {
                Four(from + j, stride, target + ((long)j * size) + row, size);
            }

            Scalar(from, stride, target + row, j, count, 4, size);
        }

        Scalar(source + (row * stride), stride, target + row, 0, count, size - row, size);
    }

    /// <summary>The definition, for columns from <paramref name="first"/> on.</summary>
    internal static void Scalar(float* source, long stride, float* target, int first, int count, int rows, int targetStride)
    {
        for (int j = first; j < count; j++)
        {
            for (int i = 0; i < rows; i++)
            {
                target[((long)j * targetStride) + i] = source[(i * stride) + j];
            }
        }
    }

    private static void Four(float* source, long stride, float* target, int targetStride)
    {
        Vector128<float> a = Vector128.Load(source), b = Vector128.Load(source + stride);
        Vector128<float> c = Vector128.Load(source + (2 * stride)), d = Vector128.Load(source + (3 * stride));
        Vector128<float> low = Sse.UnpackLow(a, b), lowNext = Sse.UnpackLow(c, d); // a0 b0 a1 b1, c0 d0 c1 d1
        Vector128<float> high = Sse.UnpackHigh(a, b), highNext = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(low, lowNext).Store(target);
        Sse.MoveHighToLow(lowNext, low).Store(target + targetStride);
        Sse.MoveLowToHigh(high, highNext).Store(target + (2L * targetStride));
        Sse.MoveHighToLow(highNext, high).Store(target + (3L * targetStride));
    }
}
