using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Quantization.Products;

/// <summary>One row of activation codes times four rows of weight codes.</summary>
/// <remarks>
/// <para>Formula: <c>y = Σ_g scale_g·s_b·(Σ codes·codes over group g) + Σ_g offset_g·(s_b·sum_g)</c>, s_b the scale of the 32 activations that
/// hold g, sum_g the sum of their codes in g. Work: 2·4·K operations on 8-bit numbers.</para>
/// <para>Rounding: sums of codes are exact. Eight chains of fused multiply-adds, chain l over the codes 4l to 4l + 3 of every 32, are
/// added as <c>((0+4)+(2+6))+((1+5)+(3+7))</c>; offsets are one chain over rising g, added last. Every width gives the same bits.</para>
/// </remarks>
internal static unsafe class CodeDotKernel
{
    private const int Block = RowCodes.BlockLength;
    private const int Chains = 8;

    /// <summary>Which body runs.</summary>
    public static string Name => IsWide ? "AVX2 codes" : "scalar codes";

    private static bool IsWide => Simd.Width >= 256 && Avx2.IsSupported && Fma.IsSupported;

    /// <summary>Four results.</summary>
    public static Vector128<float> Run(in RowCodes x, long xRow, in CodeTile tile, int row, int columns, int group, bool hasOffsets)
    {
        if (IsWide)
        {
            return group == Block
                ? Wide<GroupOf32>(x.Codes(xRow), x.Scales(xRow), x.Sums(xRow), tile, row, columns, hasOffsets)
                : Wide<GroupOf16>(x.Codes(xRow), x.Scales(xRow), x.Sums(xRow), tile, row, columns, hasOffsets);
        }

        return Scalar(x, xRow, tile, row, columns, group, hasOffsets);
    }

    /// <summary>The definition.</summary>
    internal static Vector128<float> Scalar(in RowCodes x, long xRow, in CodeTile tile, int row, int columns, int group, bool hasOffsets)
    {
        Vector128<float> result = default;
        float* chains = stackalloc float[Chains];
        for (int r = 0; r < CodeTile.Together; r++)
        {
            sbyte* a = x.Codes(xRow), b = tile.Codes(row + r);
            new Span<float>(chains, Chains).Clear();
            for (int i = 0; i < columns; i += 4)
            {
                int sum = (a[i] * b[i]) + (a[i + 1] * b[i + 1]) + (a[i + 2] * b[i + 2]) + (a[i + 3] * b[i + 3]);
                float scale = tile.Scales(row)[(i / group * CodeTile.Together) + r] * x.Scales(xRow)[i / Block];
                int chain = i % Block / 4;
                chains[chain] = MathF.FusedMultiplyAdd(scale, sum, chains[chain]);
            }

            float offset = 0;
            for (int g = 0; hasOffsets && g < columns / group; g++)
            {
                float sum = group == Block ? x.Sums(xRow)[2 * g] + x.Sums(xRow)[(2 * g) + 1] : x.Sums(xRow)[g];
                offset = MathF.FusedMultiplyAdd(
                    tile.Offsets(row)[(g * CodeTile.Together) + r], sum * x.Scales(xRow)[g * group / Block], offset);
            }

            float total = ((chains[0] + chains[4]) + (chains[2] + chains[6])) + ((chains[1] + chains[5]) + (chains[3] + chains[7]));
            result = result.WithElement(r, total + offset);
        }

        return result;
    }

    private static Vector128<float> Wide<TGroup>(
        sbyte* x, float* xScales, float* xSums, in CodeTile tile, int row, int columns, bool hasOffsets)
        where TGroup : struct, ICodeGroup
    {
        sbyte* first = tile.Codes(row), second = tile.Codes(row + 1), third = tile.Codes(row + 2), fourth = tile.Codes(row + 3);
        float* scales = tile.Scales(row);
        Vector256<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        for (int i = 0; i < columns; i += Block)
        {
            Vector256<sbyte> codes = Vector256.Load(x + i);
            Vector256<float> scale = Vector256.Create(xScales[i / Block]);
            sum0 = Fma.MultiplyAdd(TGroup.Scale(scales) * scale, Products(codes, first + i), sum0);
            sum1 = Fma.MultiplyAdd(TGroup.Scale(scales + 1) * scale, Products(codes, second + i), sum1);
            sum2 = Fma.MultiplyAdd(TGroup.Scale(scales + 2) * scale, Products(codes, third + i), sum2);
            sum3 = Fma.MultiplyAdd(TGroup.Scale(scales + 3) * scale, Products(codes, fourth + i), sum3);
            scales += CodeTile.Together * (Block / TGroup.Size);
        }

        Vector128<float> offset = default;
        float* offsets = tile.Offsets(row);
        for (int g = 0; hasOffsets && g < columns / TGroup.Size; g++)
        {
            float sum = TGroup.Sum(xSums, g) * xScales[g * TGroup.Size / Block];
            offset = Fma.MultiplyAdd(Vector128.Load(offsets + (g * CodeTile.Together)), Vector128.Create(sum), offset);
        }

        return Vector128.Create(Total(sum0), Total(sum1), Total(sum2), Total(sum3)) + offset;
    }

    /// <summary>Sums of four products of codes, as floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Products(Vector256<sbyte> x, sbyte* weight)
    {
        // |w|·(x with the sign of w): 128·127·2 still fits in 16 bits, and −128 is a code that w may have but x has not.
        Vector256<sbyte> w = Vector256.Load(weight);
        Vector256<short> pairs = Avx2.MultiplyAddAdjacent(Avx2.Abs(w), Avx2.Sign(x, w));
        return Vector256.ConvertToSingle(Avx2.MultiplyAddAdjacent(pairs, Vector256<short>.One));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Total(Vector256<float> chains)
    {
        Vector128<float> four = chains.GetLower() + chains.GetUpper(); // 0+4, 1+5, 2+6, 3+7
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    private interface ICodeGroup
    {
        static abstract int Size { get; }

        /// <summary>The scale of each chain, from the first of a row's scales, which lie <see cref="CodeTile.Together"/> apart.</summary>
        static abstract Vector256<float> Scale(float* scales);

        /// <summary>The sum of the activation codes of a group, from sums over 16.</summary>
        static abstract float Sum(float* sums, int group);
    }

    private readonly struct GroupOf32 : ICodeGroup
    {
        public static int Size => 32;

        public static Vector256<float> Scale(float* scales) => Vector256.Create(*scales);

        public static float Sum(float* sums, int group) => sums[2 * group] + sums[(2 * group) + 1];
    }

    private readonly struct GroupOf16 : ICodeGroup
    {
        public static int Size => 16;

        public static Vector256<float> Scale(float* scales) =>
            Vector256.Create(Vector128.Create(*scales), Vector128.Create(scales[CodeTile.Together]));

        public static float Sum(float* sums, int group) => sums[group];
    }
}
