using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Quantization.Products;

/// <summary>Products of packed weights with activations of 8 bits: a tile of weight rows is unpacked once and used by all rows of its expert.</summary>
/// <remarks>
/// <para>Shapes: x <c>[N, K]</c>, rows sorted by expert (one expert: a plain product), weight <c>[E, M, K]</c> → y <c>[N, M]</c>.</para>
/// <para>Rounding as <see cref="RowCodes.Set"/> and <see cref="CodeDotKernel"/>: a result depends on its row and its weight row alone, so
/// the bits are the same at any count of rows and threads.</para>
/// </remarks>
internal static unsafe class CodeProduct
{
    /// <summary>Elements of a tile of codes (32 KiB): it stays in the nearest cache.</summary>
    private const int TileLength = 32 * 1024;

    /// <summary>Adds to what y holds (its bias), or overwrites it.</summary>
    public static void Run(TensorScope scope, Tensor x, PackedWeight weight, Tensor y, int* offsets, int experts, bool accumulate)
    {
        int outputs = (int)(weight.Shape.Rows / experts), columns = x.Columns, rows = x.Rows;
        if (rows == 0)
        {
            return;
        }

        RowCodes codes = RowCodes.In(scope, rows, columns);
        scope.Workers.Run(rows, new Quantize(codes, x));
        int tile = Math.Clamp(TileLength / columns / CodeTile.Together, 1, 16) * CodeTile.Together;
        int tiles = (outputs + tile - 1) / tile;
        scope.Workers.Run(checked(experts * tiles), new Multiply(scope.Workers, codes, weight, y.Pointer, offsets, outputs, columns, tile, tiles, accumulate));
    }

    private readonly struct Quantize(RowCodes codes, Tensor x) : IWork
    {
        public void Run(int item, int worker) => codes.Set(item, x.Row(item));
    }

    private readonly struct Multiply(
        Workers workers, RowCodes x, PackedWeight weight, float* y, int* offsets, int outputs, int columns, int tile, int tiles, bool accumulate)
        : IWork
    {
        public void Run(int item, int worker)
        {
            int expert = item / tiles, first = item % tiles * tile, count = Math.Min(tile, outputs - first);
            int start = offsets[expert], end = offsets[expert + 1];
            if (start == end)
            {
                return;
            }

            PackedMatrix matrix = weight.Matrix(expert);
            int group = matrix.Format.CodeGroup;
            var codes = new CodeTile(workers.ScratchPointer(worker, CodeTile.Length(tile, columns, group)), tile, columns, group);
            codes.Unpack(matrix, first, count);
            bool hasOffsets = matrix.Format.HasOffsets;
            for (int row = start; row < end; row++)
            {
                float* target = y + ((long)row * outputs) + first;
                for (int r = 0; r < count; r += CodeTile.Together)
                {
                    Vector128<float> four = CodeDotKernel.Run(x, row, codes, r, columns, group, hasOffsets);
                    Store(four, target + r, Math.Min(CodeTile.Together, count - r));
                }
            }
        }

        private void Store(Vector128<float> four, float* target, int count)
        {
            for (int i = 0; i < count; i++)
            {
                target[i] = accumulate ? target[i] + four[i] : four[i];
            }
        }
    }
}
