using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Brings rows of keys and values into the order that attention reads: key panels <c>[d, 64]</c>, value rows.</summary>
internal static unsafe class KeyValuePackKernel
{
    /// <summary>How many rows ahead memory is asked for where rows are far apart; past the end it does no harm.</summary>
    internal const int Ahead = 8;

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
                        target[i * AttentionShape.Chunk] = BFloat16Kernel.Narrow(keys[i]);
                    }

                    if (view.ValuesAreKeys)
                    {
                        continue;
                    }

                    target = (ushort*)valueRows + ((long)place * view.ValueRowStride);
                    BFloat16Kernel.Narrow(new ReadOnlySpan<float>(values, valueHeadSize), new Span<ushort>(target, valueHeadSize));
                }
                else
                {
                    float* target = (float*)panel + place;
                    for (int i = 0; i < headSize; i++)
                    {
                        target[i * AttentionShape.Chunk] = keys[i];
                    }

                    if (view.ValuesAreKeys)
                    {
                        continue;
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
        // Whole rows, up to 64 columns of them: their targets (a line in each panel row) and the row fit the first-level cache,
        // which whole columns would not where rows lie a power of two apart. The next rows are asked for ahead.
        const int block = 64;
        for (int column = 0; column < columns; column += block)
        {
            int width = Math.Min(block, columns - column);
            float* target = panel + (column * AttentionShape.Chunk);
            for (int row = 0; row < count; row++)
            {
                float* source = rows + (row * stride) + column;
                Prefetch((byte*)(source + (Ahead * stride)), width * sizeof(float));
                for (int i = 0; i < width; i++)
                {
                    target[(i * AttentionShape.Chunk) + row] = source[i];
                }
            }

            for (int i = 0; i < width && count < AttentionShape.Chunk; i++)
            {
                new Span<float>(target + (i * AttentionShape.Chunk) + count, AttentionShape.Chunk - count).Clear();
            }
        }
    }

    /// <summary>Asks for memory that will be needed soon, into the second-level cache; nothing where the processor has no such request.</summary>
    public static void Prefetch(byte* source, long bytes)
    {
        if (Sse.IsSupported)
        {
            for (long i = 0; i < bytes; i += 64)
            {
                Sse.Prefetch1(source + i);
            }
        }
    }
}
