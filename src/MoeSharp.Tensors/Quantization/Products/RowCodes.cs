namespace MoeSharp.Tensors.Quantization.Products;

/// <summary>Activations as 8-bit codes, one scale for 32 of them: what packed weights are multiplied with.</summary>
/// <remarks>
/// <para>Shapes: codes <c>[N, K]</c>, scales <c>[N, K / 32]</c>, sums <c>[N, K / 16]</c>. <c>x ≈ scale·code</c>; a sum is <c>Σ code</c>
/// over 16, a whole number, which with the scale is what a weight's offset is multiplied with.</para>
/// </remarks>
internal readonly unsafe struct RowCodes(sbyte* codes, float* scales, float* sums, int columns)
{
    /// <summary>Elements that share a scale.</summary>
    public const int BlockLength = 32;

    /// <summary>Elements of a sum: the smallest group of any format.</summary>
    public const int SumLength = 16;

    /// <summary>Largest code.</summary>
    private const float CodeLimit = 127;

    /// <summary>Takes memory in a scope.</summary>
    public static RowCodes In(TensorScope scope, int rows, int columns)
    {
        var codes = (sbyte*)scope.New(new TensorShape(rows, (columns + 3) / 4)).Pointer;
        float* scales = scope.New(new TensorShape(rows, columns / BlockLength)).Pointer;
        float* sums = scope.New(new TensorShape(rows, columns / SumLength)).Pointer;
        return new RowCodes(codes, scales, sums, columns);
    }

    /// <summary>Codes of a row.</summary>
    public sbyte* Codes(long row) => codes + (row * columns);

    /// <summary>Scales of a row.</summary>
    public float* Scales(long row) => scales + (row * (columns / BlockLength));

    /// <summary>Sums of a row.</summary>
    public float* Sums(long row) => sums + (row * (columns / SumLength));

    /// <summary>Stores a row: <c>scale = max|x| / 127</c>, <c>code = x / scale</c> rounded to nearest even.</summary>
    /// <remarks>A block of zeros has scale 0. NaN and infinity make the whole block NaN.</remarks>
    public void Set(long row, ReadOnlySpan<float> x)
    {
        sbyte* code = Codes(row);
        float* scale = Scales(row), sum = Sums(row);
        for (int start = 0; start < columns; start += BlockLength)
        {
            ReadOnlySpan<float> block = x.Slice(start, BlockLength);
            float largest = 0;
            foreach (float value in block)
            {
                largest = MathF.Max(largest, MathF.Abs(value));
            }

            float unit = float.IsFinite(largest) ? largest / CodeLimit : float.NaN;
            float inverse = unit > 0 ? 1 / unit : 0;
            if (!float.IsFinite(inverse))
            {
                unit = inverse = 0; // so small that it is nothing
            }

            scale[start / BlockLength] = unit;
            for (int first = start; first < start + BlockLength; first += SumLength)
            {
                int total = 0;
                for (int i = first; i < first + SumLength; i++)
                {
                    int rounded = Math.Clamp((int)MathF.Round(x[i] * inverse), -127, 127);
                    code[i] = (sbyte)rounded;
                    total += rounded;
                }

                sum[first / SumLength] = total;
            }
        }
    }
}
