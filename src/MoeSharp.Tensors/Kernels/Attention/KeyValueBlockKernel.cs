using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Some rows of a stored key panel, or of a strip of stored values, as float32: in place where they are stored so, else widened.</summary>
/// <remarks>Widening is exact for every type (a code of 8 bits times a scale of 11 needs 19 of the 24 there are), so every width gives the
/// same bits as <see cref="KeyValueView.Key"/>. One body for all widths: 8 numbers at a time.</remarks>
internal static unsafe class KeyValueBlockKernel
{
    /// <summary>Rows of a panel that are treated together: those that share scales. 64 floats each: 8 KiB, which stays in the first-level cache.</summary>
    public const int PanelRows = KeyValueView.Block;

    /// <summary>Values of a strip that are treated together.</summary>
    public const int ValueRows = 32;

    /// <summary>Rows of a panel <c>[count, 64]</c>.</summary>
    /// <param name="view">How they are stored.</param>
    /// <param name="panel">The panel of a chunk and head.</param>
    /// <param name="first">First row, a multiple of <see cref="PanelRows"/>.</param>
    /// <param name="count">Rows.</param>
    /// <param name="wide">Room for the widened.</param>
    /// <param name="ahead">Bytes from what is widened to what is asked for on the way; 0 for nothing.</param>
    /// <returns>The first row.</returns>
    public static float* Keys(in KeyValueView view, byte* panel, int first, int count, float* wide, long ahead)
    {
        switch (view.Type)
        {
            case DType.F32:
                return (float*)panel + ((long)first * AttentionShape.Chunk);
            case DType.BF16:
                Widen((ushort*)panel + ((long)first * AttentionShape.Chunk), wide, count * AttentionShape.Chunk, ahead);
                return wide;
            default:
                float* scales = stackalloc float[AttentionShape.Chunk];
                for (int row = 0; row < count; row += KeyValueView.Block)
                {
                    int block = (first + row) / KeyValueView.Block;
                    WidenScales(KeyValueView.KeyScales(panel, block), scales, AttentionShape.Chunk);
                    WidenPanel((sbyte*)panel + ((long)block * KeyValueView.PanelBlockBytes), scales, wide + ((long)row * AttentionShape.Chunk), ahead);
                }

                return wide;
        }
    }

    /// <summary>Some values of a strip.</summary>
    /// <param name="view">How they are stored.</param>
    /// <param name="values">The values of a chunk and head.</param>
    /// <param name="column">First column of the strip.</param>
    /// <param name="first">First value.</param>
    /// <param name="count">Values.</param>
    /// <param name="wide">Room for the widened.</param>
    /// <param name="ahead">Bytes from what is widened to what is asked for on the way; 0 for nothing.</param>
    /// <param name="stride">From one value to the next.</param>
    /// <returns>The first value.</returns>
    public static float* Values(in KeyValueView view, byte* values, int column, int first, int count, float* wide, long ahead, out long stride)
    {
        byte* strip = view.ValueStrip(values, column, out int width, out int rowStride);
        stride = rowStride;
        switch (view.Type)
        {
            case DType.F32:
                return (float*)strip + (first * stride);
            case DType.BF16:
                Widen((ushort*)strip + (first * stride), wide, count * width, ahead);
                return wide;
            default:
                int blocks = width / KeyValueView.Block, all = count * blocks;
                float* scales = stackalloc float[AttentionShape.Chunk * KeyValueView.Strip / KeyValueView.Block];
                WidenScales(KeyValueView.ValueScales(strip, first, width), scales, all);
                WidenRows((sbyte*)strip + (first * stride), scales, all, wide, ahead);
                return wide;
        }
    }

    /// <summary>bfloat16 → float32.</summary>
    private static void Widen(ushort* source, float* target, int count, long ahead)
    {
        int i = 0;
        for (; Avx2.IsSupported && Simd.Width >= 256 && i + 16 <= count; i += 16)
        {
            if (i % 32 == 0)
            {
                Sse.Prefetch1((byte*)(source + i) + ahead);
            }

            Vector256<int> low = Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int32(source + i), 16);
            Vector256<int> high = Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int32(source + i + 8), 16);
            low.AsSingle().Store(target + i);
            high.AsSingle().Store(target + i + 8);
        }

        BFloat16Kernel.Widen(new ReadOnlySpan<ushort>(source + i, count - i), new Span<float>(target + i, count - i));
    }

    /// <summary>binary16 → float32 for scales, which are not negative, and finite or NaN: 8 at a time.</summary>
    private static void WidenScales(ushort* source, float* target, int count)
    {
        int i = 0;
        for (; Avx2.IsSupported && i + 8 <= count; i += 8)
        {
            // The exponent moves to its place, and 2¹¹² makes up for the other bias; also right for denormals.
            Vector256<float> scales = Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int32(source + i), 13).AsSingle() * Vector256.Create(5.192297e33f);
            (scales + Vector256.GreaterThan(scales, Vector256.Create(65504f))).Store(target + i); // all bits set is NaN
        }

        Float16Kernel.Widen(new ReadOnlySpan<ushort>(source + i, count - i), new Span<float>(target + i, count - i));
    }

    /// <summary>32 rows of 64 codes, with a scale for each of the 64 places.</summary>
    private static void WidenPanel(sbyte* codes, float* scales, float* target, long ahead)
    {
        // Half of the places at a time: their four scales stay in registers.
        for (int place = 0; place < AttentionShape.Chunk; place += 32)
        {
            Vector256<float> s0 = Vector256.Load(scales + place), s1 = Vector256.Load(scales + place + 8);
            Vector256<float> s2 = Vector256.Load(scales + place + 16), s3 = Vector256.Load(scales + place + 24);
            for (int row = 0; row < KeyValueView.Block; row++)
            {
                sbyte* source = codes + (row * AttentionShape.Chunk) + place;
                if (place == 0 && Sse.IsSupported)
                {
                    Sse.Prefetch1(source + ahead);
                }

                float* to = target + (row * AttentionShape.Chunk) + place;
                (Floats(source) * s0).Store(to);
                (Floats(source + 8) * s1).Store(to + 8);
                (Floats(source + 16) * s2).Store(to + 16);
                (Floats(source + 24) * s3).Store(to + 24);
            }
        }
    }

    /// <summary>Blocks of 32 codes with a scale each.</summary>
    private static void WidenRows(sbyte* codes, float* scales, int blocks, float* target, long ahead)
    {
        for (int block = 0; block < blocks; block++, codes += KeyValueView.Block, target += KeyValueView.Block)
        {
            if (block % 2 == 0 && Sse.IsSupported)
            {
                Sse.Prefetch1(codes + ahead);
            }

            Vector256<float> scale = Vector256.Create(scales[block]);
            (Floats(codes) * scale).Store(target);
            (Floats(codes + 8) * scale).Store(target + 8);
            (Floats(codes + 16) * scale).Store(target + 16);
            (Floats(codes + 24) * scale).Store(target + 24);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Floats(sbyte* codes)
    {
        if (Avx2.IsSupported)
        {
            return Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(codes));
        }

        Vector128<short> words = Vector128.WidenLower(Vector64.Load(codes).ToVector128Unsafe());
        (Vector128<int> low, Vector128<int> high) = Vector128.Widen(words);
        return Vector256.Create(Vector128.ConvertToSingle(low), Vector128.ConvertToSingle(high));
    }
}
