using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Tests.Kernels;

/// <summary>bfloat16 and binary16 conversions: every 16-bit pattern, and float32 patterns around every rounding decision.</summary>
public sealed class NarrowFloatKernelTests
{
    private static readonly ushort[] s_all = [.. Enumerable.Range(0, 65536).Select(static bits => (ushort)bits)];

    [Fact]
    public void Every_bfloat16_widens_to_its_own_bits()
    {
        var scalar = new float[65536];
        var lanes = new float[65536];
        BFloat16Kernel.WidenScalar(s_all, scalar);
        BFloat16Kernel.WidenLanes(s_all, lanes);

        for (int i = 0; i < 65536; i++)
        {
            BitConverter.SingleToUInt32Bits(scalar[i]).ShouldBe((uint)i << 16);
        }

        Bits(lanes).ShouldBe(Bits(scalar));
    }

    [Fact]
    public void Every_binary16_widens_exactly()
    {
        var scalar = new float[65536];
        var lanes = new float[65536];
        Float16Kernel.WidenScalar(s_all, scalar);
        Float16Kernel.WidenLanes(s_all, lanes);

        for (int i = 0; i < 65536; i++)
        {
            Half half = BitConverter.UInt16BitsToHalf((ushort)i);
            uint expected = Half.IsNaN(half)
                ? ((uint)(i & 0x8000) << 16) | 0x7F80_0000u | ((uint)(i & 0x03FF) << 13)
                : BitConverter.SingleToUInt32Bits((float)half);
            BitConverter.SingleToUInt32Bits(scalar[i]).ShouldBe(expected, $"half 0x{i:x4}");
        }

        Bits(lanes).ShouldBe(Bits(scalar));
    }

    [Fact]
    public void Widening_and_narrowing_again_changes_nothing_but_quiet_bits()
    {
        var wide = new float[65536];
        var narrow = new ushort[65536];
        BFloat16Kernel.Widen(s_all, wide);
        BFloat16Kernel.Narrow(wide, narrow);
        for (int i = 0; i < 65536; i++)
        {
            narrow[i].ShouldBe((ushort)(float.IsNaN(wide[i]) ? i | 0x0040 : i));
        }

        Float16Kernel.Widen(s_all, wide);
        Float16Kernel.Narrow(wide, narrow);
        for (int i = 0; i < 65536; i++)
        {
            narrow[i].ShouldBe((ushort)(float.IsNaN(wide[i]) ? i | 0x0200 : i));
        }
    }

    [Fact]
    public void Narrowing_rounds_to_nearest_even_around_every_decision()
    {
        // For each upper half: the lower halves at, just below and just above the ties of both formats.
        uint[] lower = [0, 1, 0x0FFF, 0x1000, 0x1001, 0x1FFF, 0x2000, 0x3000, 0x5000, 0x7FFF, 0x8000, 0x8001, 0xB000, 0xEFFF, 0xF000, 0xFFFF];
        var x = new float[65536 * lower.Length];
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = BitConverter.UInt32BitsToSingle(((uint)(i / lower.Length) << 16) | lower[i % lower.Length]);
        }

        var scalar = new ushort[x.Length];
        var lanes = new ushort[x.Length];
        BFloat16Kernel.NarrowScalar(x, scalar);
        BFloat16Kernel.NarrowLanes(x, lanes);
        lanes.AsSpan().SequenceEqual(scalar).ShouldBeTrue();
        for (int i = 0; i < x.Length; i++)
        {
            if (scalar[i] != ExpectedBFloat16(x[i]))
            {
                Assert.Fail($"bfloat16 of 0x{BitConverter.SingleToUInt32Bits(x[i]):x8} is 0x{scalar[i]:x4}, expected 0x{ExpectedBFloat16(x[i]):x4}");
            }
        }

        Float16Kernel.NarrowScalar(x, scalar);
        Float16Kernel.NarrowLanes(x, lanes);
        lanes.AsSpan().SequenceEqual(scalar).ShouldBeTrue();
        for (int i = 0; i < x.Length; i++)
        {
            bool right = float.IsNaN(x[i])
                ? Half.IsNaN(BitConverter.UInt16BitsToHalf(scalar[i])) && (scalar[i] >> 15) == (BitConverter.SingleToUInt32Bits(x[i]) >> 31)
                : scalar[i] == BitConverter.HalfToUInt16Bits((Half)x[i]);
            if (!right)
            {
                Assert.Fail($"binary16 of 0x{BitConverter.SingleToUInt32Bits(x[i]):x8} is 0x{scalar[i]:x4}");
            }
        }
    }

    [Fact]
    public void Every_length_at_odd_offsets_stays_inside_its_spans()
    {
        var rng = new Rng(7);
        for (int length = 0; length <= 257; length++)
        {
            int offset = length % 5;
            var x = new float[length + offset + 8];
            Array.Fill(x, float.NaN);
            rng.FillNormal(x.AsSpan(offset, length), 100f);
            Span<float> inner = x.AsSpan(offset, length);
            foreach (bool brain in new[] { true, false })
            {
                var narrow = new ushort[length + offset + 8];
                Array.Fill(narrow, (ushort)0xABCD);
                var wide = new float[length + offset + 8];
                Array.Fill(wide, -77f);
                if (brain)
                {
                    BFloat16Kernel.NarrowLanes(inner, narrow.AsSpan(offset, length));
                    BFloat16Kernel.WidenLanes(narrow.AsSpan(offset, length), wide.AsSpan(offset, length));
                }
                else
                {
                    Float16Kernel.NarrowLanes(inner, narrow.AsSpan(offset, length));
                    Float16Kernel.WidenLanes(narrow.AsSpan(offset, length), wide.AsSpan(offset, length));
                }

                for (int i = 0; i < narrow.Length; i++)
                {
                    bool inside = i >= offset && i < offset + length;
                    ushort expected = brain ? BFloat16Kernel.Narrow(x[i]) : Float16Kernel.Narrow(x[i]);
                    narrow[i].ShouldBe(inside ? expected : (ushort)0xABCD);
                    wide[i].ShouldBe(inside ? brain ? BFloat16Kernel.Widen(expected) : Float16Kernel.Widen(expected) : -77f);
                }
            }
        }
    }

    [Fact]
    public void Different_lengths_are_refused()
    {
        Should.Throw<ArgumentException>(() => BFloat16Kernel.Widen(new ushort[2], new float[3])).Message.ShouldContain("got 2 and 3");
        Should.Throw<ArgumentException>(() => Float16Kernel.Narrow(new float[2], new ushort[1])).Message.ShouldContain("got 2 and 1");
    }

    private static uint[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToUInt32Bits)];

    /// <summary>By distance: of the two neighbours the nearer one, at a tie the even one; written without the kernel's trick.</summary>
    private static ushort ExpectedBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        var down = (ushort)(bits >> 16);
        if (float.IsNaN(value))
        {
            return (ushort)(down | 0x0040);
        }

        if (float.IsInfinity(value))
        {
            return down;
        }

        uint rest = bits & 0xFFFF;
        bool up = rest > 0x8000 || (rest == 0x8000 && (down & 1) == 1);
        return (ushort)(up ? down + 1 : down);
    }
}
