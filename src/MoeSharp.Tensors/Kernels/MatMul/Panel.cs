using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Rows of a factor laid out for vector lanes: <c>[depth][width]</c>, the last panel of a product narrower and padded with zeros.</summary>
internal static unsafe class Panel
{
    /// <summary>The narrowest panel: four lanes.</summary>
    private const int Narrowest = 4;

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

    /// <summary>Packs <paramref name="rows"/> rows, the padding zero.</summary>
    public static void Pack(MatrixOperand source, int rows, int width, int depth, float* target)
    {
        if (source.RowStride == 1)
        {
            PackAcross(source, rows, width, depth, target);
        }
        else
        {
            PackAlong(source, rows, width, depth, target);
        }
    }

    /// <summary>Rows of contiguous k: transposes eight by eight.</summary>
    private static void PackAlong(MatrixOperand source, int rows, int width, int depth, float* target)
    {
        int row = 0;
        if (Avx.IsSupported)
        {
            for (; row + 8 <= rows; row += 8)
            {
                float* from = source.Pointer + (row * source.RowStride);
                int k = 0;
                for (; k + 8 <= depth; k += 8)
                {
                    Transposition.Eight(from + k, source.RowStride, target + ((long)k * width) + row, width);
                }

                for (; k < depth; k++)
                {
                    for (int i = 0; i < 8; i++)
                    {
                        target[((long)k * width) + row + i] = from[(i * source.RowStride) + k];
                    }
                }
            }
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

    /// <summary>Stored transposed: copies.</summary>
    private static void PackAcross(MatrixOperand source, int rows, int width, int depth, float* target)
    {
        for (int k = 0; k < depth; k++)
        {
            float* from = source.Pointer + (k * source.DepthStride), to = target + ((long)k * width);
            int row = 0;
            for (; row + 16 <= rows; row += 16)
            {
                Vector512.Load(from + row).Store(to + row);
            }

            for (; row + 4 <= rows; row += 4)
            {
                Vector128.Load(from + row).Store(to + row);
            }

            for (; row < rows; row++)
            {
                to[row] = from[row];
            }

            for (; row < width; row++)
            {
                to[row] = 0;
            }
        }
    }
}
