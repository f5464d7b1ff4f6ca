using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Brings rows of keys and values into the order that attention reads: key panels <c>[d, 64]</c>, strips of values.</summary>
internal static unsafe class KeyValuePackKernel
{
    /// <summary>How many rows ahead memory is asked for where rows are far apart; past the end it does no harm.</summary>
    internal const int Ahead = 8;

    /// <summary>Writes positions of one head from <paramref name="position"/> on.</summary>
    /// <param name="view">Where to, and how they are stored.</param>
    /// <param name="head">The head.</param>
    /// <param name="shape">Sizes; strides of the sources.</param>
    /// <param name="keys">First key of the head.</param>
    /// <param name="values">First value of the head; not looked at where values are a part of the keys.</param>
    /// <param name="position">First position.</param>
    /// <param name="rows">Positions.</param>
    public static void Append(in KeyValueView view, int head, in AttentionShape shape, float* keys, float* values, int position, int rows)
    {
        for (int row = 0; row < rows; row++, position++, keys += shape.KeyStride, values += shape.ValueStride)
        {
            (int chunk, int place) = Math.DivRem(position, AttentionShape.Chunk);
            byte* panel = view.KeyPanel(chunk, head);
            if (row == 0)
            {
                // Every number goes to a line of its own: all of them are asked for before the first is written.
                PrefetchPlace(view.Type, panel, place, shape.HeadSize);
            }

            Key(view, keys, panel, place, shape.HeadSize);
            if (!view.ValuesAreKeys)
            {
                Value(view, values, view.ValuesOf(chunk, head), place);
            }
        }
    }

    private static void Key(in KeyValueView view, float* key, byte* panel, int place, int size)
    {
        switch (view.Type)
        {
            case DType.F32:
                float* wide = (float*)panel + place;
                for (int i = 0; i < size; i++)
                {
                    wide[i * AttentionShape.Chunk] = key[i];
                }

                break;
            case DType.BF16:
                ushort* half = (ushort*)panel + place;
                for (int i = 0; i < size; i++)
                {
                    half[i * AttentionShape.Chunk] = BFloat16Kernel.Narrow(key[i]);
                }

                break;
            default:
                for (int block = 0; block < size / KeyValueView.Block; block++, panel += KeyValueView.PanelBlockBytes)
                {
                    KeyValueView.KeyScales(panel, 0)[place] =
                        CacheCodeKernel.Run(key + (block * KeyValueView.Block), (sbyte*)panel + place, AttentionShape.Chunk);
                }

                break;
        }
    }

    private static void Value(in KeyValueView view, float* value, byte* values, int place)
    {
        for (int column = 0; column < view.ValueSize; column += KeyValueView.Strip, value += KeyValueView.Strip)
        {
            byte* strip = view.ValueStrip(values, column, out int width, out _);
            long first = (long)place * width;
            switch (view.Type)
            {
                case DType.F32:
                    new ReadOnlySpan<float>(value, width).CopyTo(new Span<float>((float*)strip + first, width));
                    break;
                case DType.BF16:
                    BFloat16Kernel.Narrow(new ReadOnlySpan<float>(value, width), new Span<ushort>((ushort*)strip + first, width));
                    break;
                default:
                    ushort* scales = KeyValueView.ValueScales(strip, place, width);
                    for (int block = 0; block < width / KeyValueView.Block; block++)
                    {
                        int start = block * KeyValueView.Block;
                        scales[block] = CacheCodeKernel.Run(value + start, (sbyte*)strip + first + start, 1);
                    }

                    break;
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

    /// <summary>Asks for the lines of a panel that one key is written to.</summary>
    private static void PrefetchPlace(DType type, byte* panel, int place, int size)
    {
        (int element, int stride) = type switch
        {
            DType.F32 => (sizeof(float), AttentionShape.Chunk * sizeof(float)),
            DType.BF16 => (sizeof(ushort), AttentionShape.Chunk * sizeof(ushort)),
            _ => (0, AttentionShape.Chunk), // with the scales in between a little more than 64 bytes a row; the last lines come by themselves
        };
        for (int i = 0; Sse.IsSupported && i < size; i++)
        {
            Sse.Prefetch0(panel + (place * element) + ((long)i * stride));
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
