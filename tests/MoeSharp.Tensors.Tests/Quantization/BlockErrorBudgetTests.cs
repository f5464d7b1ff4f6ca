using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Tensors.Tests.Quantization;

/// <summary>ggml's own limits (its test-quantize-fns) on its own synthetic data: <c>0.1 + 2·cos(i + shift)</c>, 4096 values.</summary>
public sealed class BlockErrorBudgetTests
{
    private const int Length = 4096;
    private const double FourBitsAndMore = 0.002;
    private const double ThreeBits = 0.0040;
    private const double TwoBits = 0.0075;

    [Theory]
    [InlineData("Q4_0", FourBitsAndMore)]
    [InlineData("Q4_1", FourBitsAndMore)]
    [InlineData("Q5_0", FourBitsAndMore)]
    [InlineData("Q5_1", FourBitsAndMore)]
    [InlineData("Q8_0", FourBitsAndMore)]
    [InlineData("Q4_K", FourBitsAndMore)]
    [InlineData("Q5_K", FourBitsAndMore)]
    [InlineData("Q6_K", FourBitsAndMore)]
    [InlineData("IQ4_NL", FourBitsAndMore)]
    [InlineData("IQ4_XS", FourBitsAndMore)]
    [InlineData("MXFP4", FourBitsAndMore)]
    [InlineData("Q3_K", ThreeBits)]
    [InlineData("Q2_K", TwoBits)]
    public void Errors_stay_in_the_budget_of_the_format(string name, double budget)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        foreach (float shift in (float[])[0, 1])
        {
            float[] source = [.. Enumerable.Range(0, Length).Select(i => 0.1f + (2 * MathF.Cos(i + shift)))];
            byte[] blocks = new byte[format.BytesOf(Length)];
            float[] stored = new float[Length];
            format.Quantize(source, blocks);
            format.Dequantize(blocks, stored);

            // The root of the sum over the count, not of the mean: ggml's measure.
            double error = Math.Sqrt(source.Zip(stored, (a, b) => ((double)a - b) * ((double)a - b)).Sum()) / Length;
            error.ShouldBeLessThanOrEqualTo(budget);
        }
    }
}
