namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>What a product with a packed weight is: plain loops over the blocks as a file has them.</summary>
/// <remarks>
/// Blocks of 256: <c>y = fma(scale·s_x, Σ_g multiple_g·Σ code·code, y)</c>, then with offsets <c>y = fma(offset·s_x, Σ_g multiple_g·Σ code, y)</c>.
/// Blocks of 32: <c>y = fma(scale·s_x, Σ code·code, y)</c>, <c>y = fma(offset·s_x, Σ code, y)</c>. All sums in whole numbers; y starts from 0.
/// </remarks>
internal static unsafe class PanelDefinition
{
    /// <summary>Two panels (or one) times rows of activations: see <see cref="PanelScheme.Multiply"/>.</summary>
    public static void Multiply(
        PanelScheme scheme, BlockFormat format, byte* first, byte* second, in RowCodes x, long row, int count, int columns, float* sums)
    {
        byte[] blocks = new byte[format.BytesOf(columns)];
        new Span<float>(sums, count * PanelWidth.SumRows).Clear();
        for (int r = 0; r < (second == null ? 1 : 2) * PanelScheme.Rows; r++)
        {
            fixed (byte* target = blocks)
            {
                scheme.Restore(r < PanelScheme.Rows ? first : second, r % PanelScheme.Rows, columns, target);
            }

            for (int t = 0; t < count; t++)
            {
                sums[(t * PanelWidth.SumRows) + r] = Dot(format, blocks, x, row + t);
            }
        }
    }

    /// <summary>One row of a weight times one row of activations.</summary>
    public static float Dot(BlockFormat format, ReadOnlySpan<byte> blocks, in RowCodes x, long row)
    {
        int length = format.BlockLength, group = format.CodeGroup, groups = length / group;
        Span<sbyte> codes = stackalloc sbyte[length];
        Span<int> multiples = stackalloc int[groups], offsets = stackalloc int[groups];
        float y = 0;
        for (int block = 0; block * format.BlockBytes < blocks.Length; block++)
        {
            format.ReadWhole(blocks.Slice(block * format.BlockBytes, format.BlockBytes), codes, multiples, offsets, out float scale, out float offset);
            sbyte* activations = x.Codes(row) + (block * length);
            int products = 0, sums = 0;
            for (int g = 0; g < groups; g++)
            {
                int product = 0, sum = 0;
                for (int i = g * group; i < (g + 1) * group; i++)
                {
                    product += codes[i] * activations[i];
                    sum += activations[i];
                }

                products += multiples[g] * product;
                sums += offsets[g] * sum;
            }

            float unit = x.Scales(row)[block * length / x.BlockLength];
            y = MathF.FusedMultiplyAdd(scale * unit, products, y);
            if (format.HasOffsets)
            {
                y = MathF.FusedMultiplyAdd(offset * unit, sums, y);
            }
        }

        return y;
    }
}
