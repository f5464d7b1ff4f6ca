using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Rows of a factor laid out for vector lanes: <c>[depth][width]</c>, the last panel of a product narrower and padded with zeros.</summary>
internal static unsafe class Panel
{
    /// <summary>The narrowest panel: four lanes.</summary>
    private const int Narrowest = 4;

    /// <summary>Floats that rows are fetched ahead of their transposition: four lines.</summary>
    private const int Ahead = 64;

    /// <summary>Rows that pieces are fetched ahead of their copy.</summary>
    private const int AheadRows = 48;

    /// <summary>Width of the panel that holds the next <paramref name="rows"/> rows, of at most <paramref name="widest"/> (a power of two).</summary>
    public static int Width(int rows, int widest)
    {
        int width = widest;
        while (width > Narrowest && rows <= width / 2)
        {
            width /= 2;
        }

        return width;
    }

    /// <summary>An upper limit for the packed rows of <paramref name="rows"/> rows, whatever the widest panel.</summary>
    public static int Padded(int rows) => (rows + 15) & ~15;

    /// <summary>Packs one panel from rows of contiguous k, eight by eight; the padding is zero.</summary>
    public static void PackAlong(MatrixOperand source, int rows, int width, int depth, float* target)
    {
        int row = 0;
        if (Avx.IsSupported)
        {
            // Sixteen k at a time: a line of each row is read once, and the part of the panel that is written stays close.
            int whole = rows & ~7, k = 0;
            for (; k + 16 <= depth; k += 16)
            {
                float* to = target + ((long)k * width);
                for (row = 0; row < whole; row += 8)
                {
                    float* from = source.Pointer + (row * source.RowStride) + k;
                    for (int i = 0; i < 8; i++)
                    {
                        Sse.Prefetch0(from + (i * source.RowStride) + Ahead);
                    }

                    Transposition.Eight(from, source.RowStride, to + row, width);
                    Transposition.Eight(from + 8, source.RowStride, to + (8L * width) + row, width);
                }
            }

            for (; k < depth; k++)
            {
                for (int i = 0; i < whole; i++)
                {
                    target[((long)k * width) + i] = source.Pointer[(i * source.RowStride) + k];
                }
            }

            row = whole;
        }

        for (; row < rows; row++)
        {
            float* from = source.Pointer + (row * source.RowStride);
            for (int k = 0; k < depth; k++)
            {
                target[((long)k * width) + row] = from[k * source.DepthStride];
            }
        }

        for (; row < width; row++)
        {
            for (int k = 0; k < depth; k++)
            {
                target[((long)k * width) + row] = 0;
            }
        }
    }

    /// <summary>Packs a slab of several panels from a factor that is stored transposed: copies; the padding is zero.</summary>
    /// <param name="source">The factor from the first row and k of the slab on.</param>
    /// <param name="rows">Rows of the slab.</param>
    /// <param name="widest">Width of every panel but the last.</param>
    /// <param name="depth">Count of k of the slab.</param>
    /// <param name="wholeDepth">Count of k of a panel.</param>
    /// <param name="firstDepth">First k of the slab.</param>
    /// <param name="target">Where the first panel starts.</param>
    public static void PackAcross(
        MatrixOperand source, int rows, int widest, int depth, int wholeDepth, int firstDepth, float* target)
    {
        for (int row = 0; row < rows;)
        {
            int width = Width(rows - row, widest), count = Math.Min(width, rows - row);
            float* from = source.Pointer + row, to = target + ((long)row * wholeDepth) + ((long)firstDepth * width);
            for (int k = 0; k < depth; k++)
            {
                if (Sse.IsSupported)
                {
                    float* ahead = from + (AheadRows * source.DepthStride); // pieces of rows lie too far apart for the hardware's guess
                    Sse.Prefetch1(ahead);
                    Sse.Prefetch1(ahead + width - 1);
                }

                int i = 0;
                for (; i + 8 <= count; i += 8)
                {
                    Vector256.Load(from + i).Store(to + i);
                }

                for (; i < count; i++)
                {
                    to[i] = from[i];
                }

                for (; i < width; i++)
                {
                    to[i] = 0;
                }

                from += source.DepthStride;
                to += width;
            }

            row += width;
        }
    }
}
