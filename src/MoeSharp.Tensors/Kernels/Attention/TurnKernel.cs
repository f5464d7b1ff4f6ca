using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Turns the first rows of a key panel <c>[d, 64]</c> into value rows <c>[64, dv]</c>, where values are a part of the keys.</summary>
/// <remarks>Numbers are moved, never computed with, so every width gives the same bits. Four by four where the processor can.</remarks>
internal static unsafe class TurnKernel
{
    /// <summary>Writes <c>values[j, i] = panel[i, j]</c> for the first <paramref name="count"/> positions j and <paramref name="size"/> columns i.</summary>
    public static void Run(float* panel, float* values, int count, int size)
    {
        int column = 0;
        for (; Sse.IsSupported && column + 4 <= size; column += 4)
        {
            float* source = panel + (column * AttentionShape.Chunk);
            int j = 0;
            for (; j + 4 <= count; j += 4)
            {
                Four(source + j, values + ((long)j * size) + column, size);
            }

            Scalar(source, values + column, j, count, 4, size);
        }

        Scalar(panel + (column * AttentionShape.Chunk), values + column, 0, count, size - column, size);
    }

    /// <summary>The definition, for positions from <paramref name="first"/> on.</summary>
    internal static void Scalar(float* panel, float* values, int first, int count, int columns, int stride)
    {
        for (int j = first; j < count; j++)
        {
            for (int i = 0; i < columns; i++)
            {
                values[((long)j * stride) + i] = panel[(i * AttentionShape.Chunk) + j];
            }
        }
    }

    private static void Four(float* source, float* target, int stride)
    {
        Vector128<float> a = Vector128.Load(source), b = Vector128.Load(source + AttentionShape.Chunk);
        Vector128<float> c = Vector128.Load(source + (2 * AttentionShape.Chunk)), d = Vector128.Load(source + (3 * AttentionShape.Chunk));
        Vector128<float> low = Sse.UnpackLow(a, b), lowNext = Sse.UnpackLow(c, d); // a0 b0 a1 b1, c0 d0 c1 d1
        Vector128<float> high = Sse.UnpackHigh(a, b), highNext = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(low, lowNext).Store(target);
        Sse.MoveHighToLow(lowNext, low).Store(target + stride);
        Sse.MoveLowToHigh(high, highNext).Store(target + (2L * stride));
        Sse.MoveHighToLow(highNext, high).Store(target + (3L * stride));
    }
}
