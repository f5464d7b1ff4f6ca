using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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
        // A cache line of each row at a time: rows may lie a power of two apart, where whole columns would not stay in the cache.
        for (int column = 0; column < columns; column += 16)
        {
            int width = Math.Min(16, columns - column);
            float* target = panel + (column * AttentionShape.Chunk);
            for (int row = 0; row < count; row++)
            {
                float* source = rows + (row * stride) + column;
                for (int i = 0; i < width; i++)
                {
                    target[(i * AttentionShape.Chunk) + row] = source[i];
                }
            }

            for (int i = 0; i < width; i++)
            {
                new Span<float>(target + (i * AttentionShape.Chunk) + count, AttentionShape.Chunk - count).Clear();
            }
        }
    }

    /// <summary>bfloat16 to float32, exactly.</summary>
    public static void Widen(ushort* source, float* target, int count)
    {
        int i = 0;
        for (; i + Vector256<ushort>.Count <= count; i += Vector256<ushort>.Count)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(source + i));
            Vector256.ShiftLeft(low, 16).AsSingle().Store(target + i);
            Vector256.ShiftLeft(high, 16).AsSingle().Store(target + i + Vector256<uint>.Count);
        }

        for (; i < count; i++)
        {
            target[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
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

    /// <summary>Nearest bfloat16, ties to even; NaN stays NaN.</summary>
    internal static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value)
            ? (ushort)((bits >> 16) | 0x40)
            : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
