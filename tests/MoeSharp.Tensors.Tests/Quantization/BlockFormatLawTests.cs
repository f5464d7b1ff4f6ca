using MoeSharp.Tensors.Quantization;
using MoeSharp.Tensors.Tests.Golden.Gguf;

namespace MoeSharp.Tensors.Tests.Quantization;

/// <summary>What holds for every block format, whatever the values.</summary>
public sealed class BlockFormatLawTests
{
    private const int Columns = 512;

    public static TheoryData<string> Blocks => [.. BlockFormats.All.Where(format => !format.IsFloat).Select(format => format.Name)];

    public static TheoryData<string> Written => [.. BlockFormats.All.Where(format => !format.IsFloat && format.CanQuantize).Select(format => format.Name)];

    public static TheoryData<string> ReadOnly => [.. BlockFormats.All.Where(format => !format.CanQuantize).Select(format => format.Name)];

    public static TheoryData<string, float> Extremes
    {
        get
        {
            var cases = new TheoryData<string, float>();
            foreach (BlockFormat format in BlockFormats.All.Where(format => !format.IsFloat && format.CanQuantize))
            {
                foreach (float scale in (float[])[0, float.Epsilon, 1e-30f, 1e-12f, 3e-8f, 1e-7f, 1e-6f, 1e-4f, 1e4f, 1e6f, 1e9f, 1e20f, 2e37f])
                {
                    cases.Add(format.Name, scale);
                }
            }

            return cases;
        }
    }

    [Fact]
    public void The_formats_that_run_are_there()
    {
        foreach (string name in (string[])["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "MXFP4"])
        {
            BlockFormats.Find(name).ShouldNotBeNull(name).CanQuantize.ShouldBeTrue(name);
        }

        foreach (string type in BlocksFile.Types)
        {
            BlockFormats.Find(type).ShouldNotBeNull(type).CodeGroup.ShouldBeOneOf(16, 32);
        }
    }

    [Fact]
    public void Names_and_numbers_are_distinct()
    {
        BlockFormats.All.Select(format => format.Name).ShouldBeUnique();
        BlockFormats.All.Select(format => format.GgmlType).ShouldBeUnique();
    }

    /// <summary>Any bytes at all, NaN scales too: a block is always readable, and both ways agree bit for bit.</summary>
    [Theory]
    [MemberData(nameof(Blocks))]
    public void Codes_with_scales_and_offsets_are_the_values(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        const int Length = 64 * 256;
        var rng = new Rng(31);
        byte[] blocks = new byte[format.BytesOf(Length)];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = (byte)rng.NextInt(256);
        }

        float[] values = new float[Length], scales = new float[Length / format.CodeGroup], offsets = new float[scales.Length];
        sbyte[] codes = new sbyte[Length];
        Array.Fill(offsets, float.NaN);
        format.Dequantize(blocks, values);
        format.Unpack(blocks, codes, scales, offsets);
        for (int i = 0; i < Length; i++)
        {
            float product = scales[i / format.CodeGroup] * codes[i];
            float value = format.HasOffsets ? product + offsets[i / format.CodeGroup] : product;
            values[i].ShouldBe(value, $"element {i}");
            (format.HasOffsets || offsets[i / format.CodeGroup] == 0).ShouldBeTrue();
        }
    }

    [Theory]
    [MemberData(nameof(Written))]
    public void Stored_values_are_stored_again_nearly_unchanged(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        float[] source = Gaussian(16, 7, 0.02f);
        float[] once = Stored(format, source), twice = Stored(format, once);

        // Blocks of 256 choose scales of scales anew, uneven levels have several scales that fit; the others find the same ones but for rare ties.
        double limit = format.BlockLength == 256 || name == "IQ4_NL" ? 0.25 : 0.05;
        Distance(once, twice).ShouldBeLessThan(limit * Distance(source, once));
    }

    [Theory]
    [MemberData(nameof(Written))]
    public void Rows_are_stored_alike_alone_and_together(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        float[] source = Gaussian(3, 11, 1);
        float[] importance = Importance(5);
        byte[] together = new byte[format.BytesOf(source.Length)];
        format.Quantize(source, together, importance);
        int rowBytes = together.Length / 3;
        for (int row = 0; row < 3; row++)
        {
            byte[] alone = new byte[rowBytes];
            format.Quantize(source.AsSpan(row * Columns, Columns), alone, importance);
            alone.ShouldBe(together[(row * rowBytes)..((row + 1) * rowBytes)]);
        }
    }

    [Theory]
    [MemberData(nameof(Written))]
    public void Any_number_of_blocks_works(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        float[] source = Gaussian(5, 3, 1);
        byte[] all = new byte[format.BytesOf(source.Length)];
        format.Quantize(source, all);
        for (int count = 0; count <= source.Length / format.BlockLength; count++)
        {
            byte[] some = new byte[count * format.BlockBytes];
            format.Quantize(source.AsSpan(0, count * format.BlockLength), some);
            some.ShouldBe(all[..some.Length]);
            float[] values = new float[count * format.BlockLength];
            format.Dequantize(some, values);
        }
    }

    [Theory]
    [MemberData(nameof(Written))]
    public void Importance_lowers_the_error_that_it_weighs(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        float[] source = Gaussian(16, 23, 0.05f);
        float[] importance = Importance(29);
        float[] plain = Stored(format, source), weighted = Stored(format, source, importance);
        WeightedError(source, weighted, importance).ShouldBeLessThan(WeightedError(source, plain, importance));

        float[] same = new float[Columns];
        Array.Fill(same, 12345f);
        Stored(format, source, same).ShouldBe(plain);
    }

    [Theory]
    [MemberData(nameof(Written))]
    public void Extreme_importances_do_no_harm(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        float[] source = Gaussian(2, 37, 1);
        foreach (float[] importance in (float[][])[new float[Columns], [.. Importance(41).Select(value => value * 1e30f)],
            [.. Importance(43).Select(value => value * 1e-35f)], [1e35f, .. new float[Columns - 1]]])
        {
            float[] stored = Stored(format, source, importance);
            stored.ShouldAllBe(value => float.IsFinite(value));
            Distance(source, stored).ShouldBeLessThan(Distance(source, new float[source.Length]));
        }
    }

    [Theory]
    [MemberData(nameof(Extremes))]
    public void Huge_and_tiny_values_stay_finite_and_get_no_worse_than_zero(string name, float scale)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        float[] source = Gaussian(2, 13, scale);
        float[] stored = Stored(format, source);
        stored.ShouldAllBe(value => float.IsFinite(value));
        Distance(source, stored).ShouldBeLessThanOrEqualTo(Distance(source, new float[source.Length]));
        for (int i = 0; scale == 0 && i < stored.Length; i++)
        {
            stored[i].ShouldBe(0);
        }
    }

    [Theory]
    [MemberData(nameof(Written))]
    public void Flat_rows_and_lone_values_are_kept(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        foreach (float value in (float[])[0.7f, -0.7f, 300f])
        {
            float[] flat = new float[Columns], lone = new float[Columns];
            Array.Fill(flat, value);
            lone[100] = value;
            foreach (float[] source in (float[][])[flat, lone])
            {
                float[] stored = Stored(format, source);
                for (int i = 0; i < Columns; i++)
                {
                    // 4-bit floats can miss by a sixth; uneven levels have no 0, but 1 of 127.
                    float limit = name is "MXFP4" ? 0.17f : name.StartsWith("IQ4", StringComparison.Ordinal) ? 0.009f : 0.002f;
                    Math.Abs(stored[i] - source[i]).ShouldBeLessThanOrEqualTo(limit * Math.Abs(value), $"{value}, element {i}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Written))]
    public void Values_that_are_no_numbers_are_refused_by_position(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            float[] source = Gaussian(1, 17, 1);
            source[300] = bad;
            Should.Throw<ArgumentException>(() => format.Quantize(source, new byte[format.BytesOf(Columns)])).Message.ShouldContain("value 300");
        }

        float[] importance = Importance(19);
        importance[7] = float.NaN;
        Should.Throw<ArgumentException>(() => format.Quantize(new float[Columns], new byte[format.BytesOf(Columns)], importance))
            .Message.ShouldContain("column 7");
        importance[7] = -1;
        Should.Throw<ArgumentException>(() => format.Quantize(new float[Columns], new byte[format.BytesOf(Columns)], importance))
            .Message.ShouldContain("column 7");
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Lengths_that_do_not_fit_are_refused(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        byte[] block = new byte[format.BlockBytes];
        Should.Throw<ArgumentException>(() => format.Dequantize(block, new float[format.BlockLength - 1]));
        Should.Throw<ArgumentException>(() => format.Dequantize(block, new float[2 * format.BlockLength]));
        float[] scales = new float[format.BlockLength / format.CodeGroup];
        Should.Throw<ArgumentException>(() => format.Unpack(block, new sbyte[format.BlockLength - 1], scales, scales));
        Should.Throw<ArgumentException>(() => format.Unpack(block, new sbyte[format.BlockLength], scales.AsSpan(1), scales));
    }

    [Theory]
    [MemberData(nameof(ReadOnly))]
    public void Formats_that_are_only_read_say_so(string name) =>
        Should.Throw<NotSupportedException>(() => BlockFormats.Find(name)!.Quantize(default, default)).Message.ShouldContain(name);

    private static float[] Gaussian(int rows, ulong seed, float scale)
    {
        var rng = new Rng(seed);
        float[] values = new float[rows * Columns];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = scale * rng.NextNormal();
        }

        return values;
    }

    /// <summary>Some columns matter a hundred times more than others.</summary>
    private static float[] Importance(ulong seed)
    {
        var rng = new Rng(seed);
        float[] importance = new float[Columns];
        for (int i = 0; i < importance.Length; i++)
        {
            importance[i] = MathF.Pow(10, 2 * rng.NextUniform());
        }

        return importance;
    }

    private static float[] Stored(BlockFormat format, float[] source, float[]? importance = null)
    {
        byte[] blocks = new byte[format.BytesOf(source.Length)];
        float[] values = new float[source.Length];
        format.Quantize(source, blocks, importance);
        format.Dequantize(blocks, values);
        return values;
    }

    private static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => ((double)x - y) * ((double)x - y)).Sum());

    private static double WeightedError(float[] a, float[] b, float[] importance) =>
        a.Select((x, i) => importance[i % Columns] * ((double)x - b[i]) * ((double)x - b[i])).Sum();
}
