using System.Runtime.InteropServices;

namespace MoeSharp.Tensors.Tests.Kernels;

/// <summary>Calls a kernel at every width, at every length from 0 to 257 and odd places, between canaries.</summary>
internal static class KernelRig
{
    /// <summary>A kernel: inputs, outputs that also go in (for adding to), and the length of a row.</summary>
    public delegate void Body(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z);

    /// <summary>Holds the widths against each other bit for bit, and against the definition within a tolerance.</summary>
    /// <param name="widths">Lanes1, 128, 256, 512.</param>
    /// <param name="definition">The slow truth; null to compare the widths only.</param>
    /// <param name="sameBits">True where the widths must agree bit for bit; otherwise they agree within the tolerance.</param>
    /// <param name="tolerance">|got − wanted| ≤ tolerance·(1 + |wanted|).</param>
    /// <param name="deviation">Spread of the random inputs.</param>
    public static void Run(Body[] widths, Body? definition, bool sameBits, double tolerance, float deviation = 2)
    {
        for (int length = 0; length <= 257; length++)
        {
            foreach (int offset in new[] { 0, 1, 3 })
            {
                (float[] Y, float[] Z) first = Call(widths[0], length, offset, deviation, $"width 0, length {length}");
                (float[] Y, float[] Z) wanted = definition is null ? first : Call(definition, length, offset, deviation, "definition");
                for (int width = 0; width < widths.Length; width++)
                {
                    string what = $"width {width switch { 0 => 0, 1 => 128, 2 => 256, _ => 512 }}, length {length}, offset {offset}";
                    (float[] Y, float[] Z) got = Call(widths[width], length, offset, deviation, what);
                    if (sameBits)
                    {
                        ShouldHaveTheSameBits(got.Y, first.Y, what);
                        ShouldHaveTheSameBits(got.Z, first.Z, what);
                    }

                    ShouldBeNear(got.Y, wanted.Y, tolerance, what);
                    ShouldBeNear(got.Z, wanted.Z, tolerance, what);
                }
            }
        }
    }

    private static (float[] Y, float[] Z) Call(Body body, int length, int offset, float deviation, string what)
    {
        var a = new FramedBuffer(length, offset, 1, deviation);
        var b = new FramedBuffer(length, offset + 1, 2, deviation);
        var c = new FramedBuffer(length, offset, 3, deviation);
        var y = new FramedBuffer(length, offset + 2, 4, deviation);
        var z = new FramedBuffer(length, offset, 5, deviation);
        body(a.Span, b.Span, c.Span, y.Span, z.Span);
        foreach (FramedBuffer buffer in new[] { a, b, c, y, z })
        {
            buffer.FrameShouldBeWhole(what);
        }

        return (y.Span.ToArray(), z.Span.ToArray());
    }

    /// <summary>Compares bits, so −0 is not 0 and a NaN is itself; much faster than an assertion an array.</summary>
    public static void ShouldHaveTheSameBits(ReadOnlySpan<float> got, ReadOnlySpan<float> wanted, string what)
    {
        if (!MemoryMarshal.Cast<float, uint>(got).SequenceEqual(MemoryMarshal.Cast<float, uint>(wanted)))
        {
            got.ToArray().ShouldBe(wanted.ToArray(), what);
            throw new ShouldAssertException($"{what}: signs of zeros or payloads of NaN differ.");
        }
    }

    private static void ShouldBeNear(float[] got, float[] wanted, double tolerance, string what)
    {
        for (int i = 0; i < got.Length; i++)
        {
            if (!(Math.Abs((double)got[i] - wanted[i]) <= tolerance * (1 + Math.Abs(wanted[i]))))
            {
                throw new ShouldAssertException($"{what}, element {i}: got {got[i]:R}, the definition says {wanted[i]:R}.");
            }
        }
    }
}
