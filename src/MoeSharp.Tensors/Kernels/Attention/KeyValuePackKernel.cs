namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Brings rows of keys and values into the order that attention reads: key panels <c>[d, 64]</c>, value rows.</summary>
internal static unsafe class KeyValuePackKernel
{
    /// <summary>Writes <paramref name="rows"/> positions from <paramref name="position"/> on.</summary>
    public static void Append(
        KeyValueView view, int heads, int headSize, int valueHeadSize, float* keys, float* values, int position, int rows)
    {
        for (int row = 0; row < rows; row++, position++)
        {
            int chunk = position / AttentionShape.Chunk, place = position % AttentionShape.Chunk;
            for (int head = 0; head < heads; head++, keys += headSize, values += valueHeadSize)
            {
                byte* panel = view.KeyPanel(chunk, head);
                byte* valueRows = view.ValueRows(chunk, head);
                if (view.IsBFloat16)
                {
                    ushort* target = (ushort*)panel + place;
                    for (int i = 0; i < headSize; i++)
                    {
                        target[i * AttentionShape.Chunk] = ToBFloat16(keys[i]);
                    }

                    target = (ushort*)valueRows + ((long)place * view.ValueRowStride);
                    for (int i = 0; i < valueHeadSize; i++)
                    {
                        target[i] = ToBFloat16(values[i]);
                    }
                }
                else
                {
                    float* target = (float*)panel + place;
                    for (int i = 0; i < headSize; i++)
                    {
                        target[i * AttentionShape.Chunk] = keys[i];
                    }

                    target = (float*)valueRows + ((long)place * view.ValueRowStride);
                    new ReadOnlySpan<float>(values, valueHeadSize).CopyTo(new Span<float>(target, valueHeadSize));
                }
            }
        }
    }

    /// <summary>One panel <c>[columns, 64]</c> from up to 64 rows; the places of missing rows become 0.</summary>
    public static void Panel(float* rows, long stride, int count, int columns, float* panel)
    {
        for (int column = 0; column < columns; column++, panel += AttentionShape.Chunk)
        {
            for (int row = 0; row < count; row++)
            {
                panel[row] = rows[(row * stride) + column];
            }

            new Span<float>(panel + count, AttentionShape.Chunk - count).Clear();
        }
    }

    /// <summary>Nearest bfloat16, ties to even; NaN stays NaN.</summary>
    internal static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value)
            ? (ushort)((bits >> 16) | 0x40)
            : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
