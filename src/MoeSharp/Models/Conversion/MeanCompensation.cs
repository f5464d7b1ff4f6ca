using System.Buffers;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Conversion;

/// <summary>Rounds a row again so that its errors cancel where the inputs do not vary: for the mean input.</summary>
/// <remarks>
/// <para>The loss is <c>Σ v·e² + D²</c> with <c>D = Σ m·e</c>, v and m variance and mean of each column (<see cref="ColumnImportance"/>). Errors
/// chosen one by one leave D at random. So the row is moved by <c>−λ·m/v</c>, the cheapest way to lower D, and stored again with weights v;
/// λ grows by what is left, <c>D / (1 + Σ m²/v)</c>, in a few rounds, of which the best one is kept. Never worse than the first.</para>
/// <para>It is error feedback as in Frantar et al. 2022 (arXiv:2210.17323) for a second moment that is a diagonal and one mean.</para>
/// </remarks>
internal static class MeanCompensation
{
    private const int Rounds = 2;

    /// <summary>Improves a row.</summary>
    /// <param name="format">How it is stored.</param>
    /// <param name="row">Its values.</param>
    /// <param name="columns">What it is multiplied with.</param>
    /// <param name="blocks">The row as stored; replaced where another is better.</param>
    /// <param name="stored">The values of the blocks; replaced with them.</param>
    public static void Improve(BlockFormat format, ReadOnlySpan<float> row, ColumnImportance columns, Span<byte> blocks, Span<float> stored)
    {
        float[] floats = ArrayPool<float>.Shared.Rent(2 * row.Length);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(blocks.Length);
        Span<float> moved = floats.AsSpan(0, row.Length), values = floats.AsSpan(row.Length, row.Length);
        Span<byte> trial = bytes.AsSpan(0, blocks.Length);
        (double best, double bias) = Loss(row, stored, columns);
        double lambda = 0;
        for (int round = 0; round < Rounds; round++)
        {
            lambda += bias / (1 + columns.Leverage);
            for (int k = 0; k < moved.Length; k++)
            {
                moved[k] = row[k] - (float)(lambda * columns.Leverages[k]);
            }

            format.Quantize(moved, trial, columns.Variances);
            format.Dequantize(trial, values);
            (double loss, bias) = Loss(row, values, columns);
            if (loss < best)
            {
                best = loss;
                trial.CopyTo(blocks);
                values.CopyTo(stored);
            }
        }

        ArrayPool<float>.Shared.Return(floats);
        ArrayPool<byte>.Shared.Return(bytes);
    }

    private static (double Loss, double Bias) Loss(ReadOnlySpan<float> row, ReadOnlySpan<float> stored, ColumnImportance columns)
    {
        double sum = 0, bias = 0;
        for (int k = 0; k < row.Length; k++)
        {
            double error = (double)stored[k] - row[k];
            sum += columns.Variances[k] * error * error;
            bias += columns.Means[k] * error;
        }

        return (sum + (bias * bias), bias);
    }
}
