using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Tests.Kernels;

public sealed class Float8KernelTests
{
    [Fact]
    public void Every_code_is_its_number()
    {
        for (int code = 0; code < 256; code++)
        {
            int exponent = (code >> 3) & 15, fraction = code & 7;
            double size = exponent == 0 ? fraction / 512.0 : (1 + (fraction / 8.0)) * Math.Pow(2, exponent - 7);
            float expected = (code & 0x7F) == 0x7F ? float.NaN : (float)(code >= 128 ? -size : size);
            Float8Kernel.Widen((byte)code).ShouldBe(expected);
            float.IsNegative(Float8Kernel.Widen((byte)code)).ShouldBe(code >= 128);
        }
    }

    [Fact]
    public void Lanes_give_the_bits_of_single_values_at_every_length()
    {
        byte[] codes = [.. Enumerable.Range(0, 300).Select(i => (byte)(i * 7))];
        float[] values = new float[codes.Length + 1], expected = new float[codes.Length + 1];
        for (int length = 0; length <= codes.Length; length++)
        {
            values[length] = expected[length] = -5;
            Float8Kernel.WidenLanes(codes.AsSpan(0, length), values.AsSpan(0, length));
            Float8Kernel.WidenScalar(codes.AsSpan(0, length), expected.AsSpan(0, length));
            values.Select(BitConverter.SingleToUInt32Bits).Take(length + 1).ShouldBe(expected.Select(BitConverter.SingleToUInt32Bits).Take(length + 1));
        }
    }
}
