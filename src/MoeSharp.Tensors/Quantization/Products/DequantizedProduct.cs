using MoeSharp.Tensors.Kernels;
using MoeSharp.Tensors.Kernels.MatMul;

namespace MoeSharp.Tensors.Quantization.Products;

/// <summary>Products with the values of a packed weight in float32: tile by tile, dequantised into memory that stays near.</summary>
/// <remarks>
/// <para>Shapes: x <c>[N, K]</c>, rows sorted by expert (one expert: a plain product), weight <c>[E, M, K]</c> → y <c>[N, M]</c>.</para>
/// <para>Rounding as <see cref="MatMulKernel"/> on the dequantised weight: the same bits.</para>
/// </remarks>
internal static unsafe class DequantizedProduct
{
    /// <summary>Elements of a tile (256 KiB), so that it stays in the second-level cache.</summary>
    private const int TileLength = 64 * 1024;

    /// <summary>Adds to what y holds (its bias), or overwrites it.</summary>
    public static void Run(Workers workers, float* x, PackedWeight weight, float* y, int* offsets, int experts, bool accumulate)
    {
        int outputs = (int)(weight.Shape.Rows / experts), inputs = checked((int)weight.Shape.Columns);
        int tile = Math.Clamp(TileLength / Math.Max(inputs, 1), 1, outputs);
        int tiles = (outputs + tile - 1) / tile;
        workers.Run(checked(experts * tiles), new Work(workers, x, weight, y, offsets, outputs, inputs, tile, tiles, accumulate));
    }

    private readonly struct Work(
        Workers workers, float* x, PackedWeight weight, float* y, int* offsets, int outputs, int inputs, int tile, int tiles, bool accumulate)
        : IWork
    {
        public void Run(int item, int worker)
        {
            int expert = item / tiles, first = item % tiles * tile;
            int start = offsets[expert], rows = offsets[expert + 1] - start, columns = Math.Min(tile, outputs - first);
            if (rows == 0)
            {
                return;
            }

            float* values = workers.ScratchPointer(worker, tile * inputs);
            weight.Matrix(expert).Dequantize(first, new Span<float>(values, columns * inputs));
            MatMulKernel.Run(
                workers, MatrixOperand.AlongDepth(x + ((long)start * inputs), inputs), MatrixOperand.AlongDepth(values, inputs),
                y + ((long)start * outputs) + first, rows, columns, inputs, accumulate, Simd.Width, rowStride: outputs);
        }
    }
}
