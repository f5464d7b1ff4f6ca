using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>A thread's copy of some rows of the block side, over one slice of the depth: small enough for the second-level cache.</summary>
internal static unsafe class BlockChunk
{
    /// <summary>Most rows of a chunk: a multiple of every tile height.</summary>
    public const int Rows = 96;

    /// <summary>Most k of a slice.</summary>
    public const int Depth = 512;

    /// <summary>Elements of a copy, in either layout.</summary>
    public const int Length = Rows * (Depth + 16);

    /// <summary>Copies rows into the layout that fits their order in memory.</summary>
    public static void Copy(MatrixOperand source, int rows, int depth, float* target)
    {
        if (source.RowStride == 1)
        {
            for (int k = 0; k < depth; k++)
            {
                CopyRow(source.Pointer + (k * source.DepthStride), target + (k * AcrossBlock.DepthStride), rows);
            }
        }
        else
        {
            for (int row = 0; row < rows; row++)
            {
                CopyRow(source.Pointer + (row * source.RowStride), target + (row * AlongBlock.RowStride), depth);
            }
        }
    }

    private static void CopyRow(float* from, float* to, int length)
    {
        int i = 0;
        for (; i + 32 <= length; i += 32)
        {
            Vector512<float> first = Vector512.Load(from + i), second = Vector512.Load(from + i + 16);
            first.Store(to + i);
            second.Store(to + i + 16);
        }

        for (; i + 4 <= length; i += 4)
        {
            Vector128.Load(from + i).Store(to + i);
        }

        for (; i < length; i++)
        {
            to[i] = from[i];
        }
    }
}
