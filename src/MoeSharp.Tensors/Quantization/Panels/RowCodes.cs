using System.Runtime.Intrinsics;
using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>Activations as 8-bit codes with a common scale: what packed weights are multiplied with.</summary>
/// <remarks>
/// <para>A row <c>[K]</c>: <c>x ≈ scale·code</c>, a scale for 32 or 256 elements; and sums of codes, which bias and offsets of a weight are
/// multiplied with: over 16 and 32 elements, and over each half of a lane (elements 0 and 1, or 2 and 3, of every four) in 16.</para>
/// <para>Rows lie an odd number of cache lines apart, or they would meet in the same sets of a cache.</para>
/// </remarks>
internal readonly unsafe struct RowCodes
{
    /// <summary>Largest code.</summary>
    public const int Limit = 127;

    private const int LineBytes = 64;
    private readonly byte* _memory;
    private readonly long _rowBytes;
    private readonly int _columns;

    private RowCodes(byte* memory, int columns, int block)
    {
        _memory = memory;
        _columns = columns;
        BlockLength = block;
        HalvesAt = columns;
        Sums16At = HalvesAt + (columns / 4);
        Sums32At = Sums16At + (columns / 8);
        ScalesAt = Lines(Sums32At + (columns / 16));
        _rowBytes = RowBytes(columns, block);
    }

    /// <summary>Elements that share a scale.</summary>
    public int BlockLength { get; }

    /// <summary>Where sums over halves of lanes begin in a row: two 16-bit numbers for 16 elements.</summary>
    public int HalvesAt { get; }

    /// <summary>Where sums over 16 elements begin: 16-bit numbers.</summary>
    public int Sums16At { get; }

    /// <summary>Where sums over 32 elements begin: 16-bit numbers.</summary>
    public int Sums32At { get; }

    /// <summary>Where scales begin: floats.</summary>
    public int ScalesAt { get; }

    /// <summary>Takes memory in a scope.</summary>
    /// <param name="scope">Whose memory.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">K, a multiple of <paramref name="block"/>.</param>
    /// <param name="block">Elements that share a scale: 32 or 256.</param>
    public static RowCodes In(TensorScope scope, int rows, int columns, int block)
    {
        Tensor memory = scope.New(new TensorShape(rows, RowBytes(columns, block) / sizeof(float)));
        return new RowCodes((byte*)memory.Pointer, columns, block);
    }

    /// <summary>A row: codes, then sums and scales.</summary>
    public byte* Row(long row) => _memory + (row * _rowBytes);

    /// <summary>Codes of a row.</summary>
    public sbyte* Codes(long row) => (sbyte*)Row(row);

    /// <summary>Scales of a row.</summary>
    public float* Scales(long row) => (float*)(Row(row) + ScalesAt);

    /// <summary>Stores a row: <c>scale = max|x| / 127</c>, <c>code = x / scale</c> rounded to nearest even.</summary>
    /// <remarks>A block of zeros has scale 0. NaN and infinity make the whole block NaN. The same bits at every width.</remarks>
    public void Set(long row, float* x)
    {
        sbyte* codes = Codes(row);
        for (int start = 0; start < _columns; start += BlockLength)
        {
            float largest = Largest(x + start, BlockLength);
            float unit = float.IsFinite(largest) ? largest / Limit : float.NaN;
            float inverse = unit > 0 ? 1 / unit : 0;
            if (!float.IsFinite(inverse))
            {
                unit = inverse = 0; // so small that it is nothing
            }

            Scales(row)[start / BlockLength] = unit;
            if (inverse == 0)
            {
                new Span<sbyte>(codes + start, BlockLength).Clear();
            }
            else
            {
                Round(x + start, inverse, codes + start, BlockLength);
            }
        }

        Sum(codes, (short*)(Row(row) + HalvesAt), (short*)(Row(row) + Sums16At), (short*)(Row(row) + Sums32At));
    }

    private static float Largest(float* x, int count)
    {
        if (Simd.Width < 256)
        {
            float most = 0;
            for (int i = 0; i < count; i++)
            {
                most = MathF.Max(most, MathF.Abs(x[i])); // NaN wins
            }

            return most;
        }

        Vector256<float> first = Vector256<float>.Zero, second = first, third = first, fourth = first;
        for (int i = 0; i < count; i += 32)
        {
            first = Vector256.Max(first, Vector256.Abs(Vector256.Load(x + i)));
            second = Vector256.Max(second, Vector256.Abs(Vector256.Load(x + i + 8)));
            third = Vector256.Max(third, Vector256.Abs(Vector256.Load(x + i + 16)));
            fourth = Vector256.Max(fourth, Vector256.Abs(Vector256.Load(x + i + 24)));
        }

        Vector256<float> all = Vector256.Max(Vector256.Max(first, second), Vector256.Max(third, fourth));
        Vector128<float> four = Vector128.Max(all.GetLower(), all.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3]));
    }

    private static void Round(float* x, float inverse, sbyte* codes, int count)
    {
        if (Simd.Width < 256)
        {
            for (int i = 0; i < count; i++)
            {
                codes[i] = (sbyte)Math.Clamp((int)MathF.Round(x[i] * inverse), -Limit, Limit);
            }

            return;
        }

        Vector256<float> factor = Vector256.Create(inverse);
        for (int i = 0; i < count; i += 32)
        {
            Vector256<short> lower = Vector256.Narrow(Code(x + i, factor), Code(x + i + 8, factor));
            Vector256<short> upper = Vector256.Narrow(Code(x + i + 16, factor), Code(x + i + 24, factor));
            Vector256.Narrow(lower, upper).Store(codes + i);
        }
    }

    private static Vector256<int> Code(float* x, Vector256<float> factor)
    {
        Vector256<int> code = Vector256.ConvertToInt32Native(Vector256.Round(Vector256.Load(x) * factor));
        return Vector256.Min(Vector256.Max(code, Vector256.Create(-Limit)), Vector256.Create(Limit));
    }

    private void Sum(sbyte* codes, short* halves, short* sums16, short* sums32)
    {
        for (int i = 0; i < _columns / 16; i++)
        {
            int even = 0, odd = 0;
            if (Simd.Width < 256)
            {
                for (int j = 0; j < 16; j += 4)
                {
                    even += codes[j] + codes[j + 1];
                    odd += codes[j + 2] + codes[j + 3];
                }
            }
            else
            {
                // Sums of pairs, then of every second pair.
                (Vector128<short> lower, Vector128<short> upper) = Vector128.Widen(Vector128.Load(codes));
                Vector128<int> pairs = (lower.AsInt32() << 16 >> 16) + (lower.AsInt32() >> 16);
                Vector128<int> later = (upper.AsInt32() << 16 >> 16) + (upper.AsInt32() >> 16);
                Vector128<int> both = pairs + later;
                even = both[0] + both[2];
                odd = both[1] + both[3];
            }

            halves[2 * i] = (short)even;
            halves[(2 * i) + 1] = (short)odd;
            sums16[i] = (short)(even + odd);
            codes += 16;
        }

        for (int i = 0; i < _columns / 32; i++)
        {
            sums32[i] = (short)(sums16[2 * i] + sums16[(2 * i) + 1]);
        }
    }

    // An odd number of lines: rows spread over all sets of a cache.
    private static int RowBytes(int columns, int block) =>
        Lines(Lines(columns + (columns / 4) + (columns / 8) + (columns / 16)) + (columns / block * sizeof(float))) | LineBytes;

    private static int Lines(int bytes) => (bytes + LineBytes - 1) / LineBytes * LineBytes;
}
