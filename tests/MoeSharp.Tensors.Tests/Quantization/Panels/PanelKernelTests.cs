using MoeSharp.Tensors.Quantization;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Panels.Lanes;
using Shouldly;
using Xunit;

namespace MoeSharp.Tensors.Tests.Quantization.Panels;

public unsafe class PanelKernelTests
{
    public static TheoryData<string> Formats => [.. PanelBlocks.Names];

    [Fact]
    public void The_thirteen_formats_that_are_written_multiply_in_panels() => PanelBlocks.Names.Count().ShouldBe(13);

    [Theory]
    [MemberData(nameof(Formats))]
    public void Every_width_gives_the_bits_of_the_definition(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        foreach (int columns in format.BlockLength == 256 ? new[] { 256, 768 } : [32, 96, 256, 288, 544])
        {
            foreach (byte? fill in new byte?[] { null, 0, 255 })
            {
                foreach (int count in new[] { 1, 3, 4, 9 })
                {
                    foreach (int rows in new[] { 5, 16, 32 })
                    {
                        Compare(format, rows, columns, count, fill);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void The_definition_is_the_product_of_the_values_within_float_rounding(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        const int columns = 512;
        PackedWeight weight = PanelBlocks.Random(format, new TensorShape(7, columns), seed: 3);
        using var scope = new TensorScope();
        RowCodes codes = Activations(scope, 2, columns, format, extreme: false);
        float[] values = new float[columns];
        for (int output = 0; output < 7; output++)
        {
            weight.Dequantize(output, values);
            for (int row = 0; row < 2; row++)
            {
                double sum = 0, size = 0;
                for (int i = 0; i < columns; i++)
                {
                    double product = (double)values[i] * codes.Scales(row)[i / codes.BlockLength] * codes.Codes(row)[i];
                    sum += product;
                    size += Math.Abs(product);
                }

                // With an offset, two large sums may nearly cancel: the bound is on what was added.
                ((double)Definition(weight, output, codes, row)).ShouldBe(sum, (1e-6 * size) + (1e-6 * Math.Abs(sum)) + 1e-3);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_panel_keeps_every_bit(string name)
    {
        BlockFormat format = BlockFormats.Find(name)!;
        PanelScheme scheme = format.Panels!;
        int columns = 8 * format.BlockLength, rowBytes = (int)format.BytesOf(columns);
        byte[] rows = new byte[16 * rowBytes], back = new byte[rowBytes];
        var rng = new Rng(4);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = (byte)rng.NextInt(256);
        }

        byte[] panel = new byte[scheme.PanelBytes(columns)];
        ((double)panel.Length).ShouldBeLessThanOrEqualTo(1.05 * rows.Length);
        fixed (byte* source = rows, target = panel, restored = back)
        {
            scheme.Pack(source, 16, columns, target);
            for (int row = 0; row < 16; row++)
            {
                scheme.Restore(target, row, columns, restored);
                back.ShouldBe(rows[(row * rowBytes)..((row + 1) * rowBytes)]);
            }
        }
    }

    private static void Compare(BlockFormat format, int rows, int columns, int count, byte? fill)
    {
        PackedWeight weight = PanelBlocks.Random(format, new TensorShape(rows, columns), seed: 7, fill);
        PanelScheme scheme = format.Panels!;
        using var scope = new TensorScope();
        RowCodes codes = Activations(scope, count, columns, format, extreme: fill is not null);
        byte[] memory = new byte[2 * scheme.PanelBytes(columns)];
        float[] scratch = new float[PanelScheme.ScratchFloats + 16], sums = new float[count * PanelWidth.SumRows];
        fixed (byte* left = memory)
        fixed (float* free = scratch, results = sums)
        {
            PackedMatrix matrix = weight.Matrix(0);
            matrix.Panel(0, rows, left);
            byte* right = rows > 16 ? matrix.Panel(16, rows - 16, left + scheme.PanelBytes(columns)) : null;
            foreach (int width in Widths())
            {
                Array.Fill(sums, float.NaN);
                Multiply(format.Name, width, left, right, codes, count, columns, free, results);
                for (int row = 0; row < count; row++)
                {
                    for (int output = 0; output < rows; output++)
                    {
                        sums[(row * PanelWidth.SumRows) + output].ShouldBe(
                            Definition(weight, output, codes, row), $"{format} {rows} × {columns}, width {width}, row {row} of {count}, output {output}, fill {fill}");
                    }
                }
            }
        }

        GC.KeepAlive(weight);
    }

    private static IEnumerable<int> Widths()
    {
        yield return 128;
        if (CodeLanes256.IsSupported)
        {
            yield return 256;
        }

        if (CodeLanes512.IsSupported)
        {
            yield return 512;
        }
    }

    private static float Definition(PackedWeight weight, int output, RowCodes codes, int row)
    {
        BlockFormat format = weight.Format!;
        int bytes = (int)format.BytesOf(weight.Shape.Columns);
        return PanelDefinition.Dot(format, weight.Bytes(output * bytes, bytes), codes, row);
    }

    private static RowCodes Activations(TensorScope scope, int rows, int columns, BlockFormat format, bool extreme)
    {
        Tensor x = scope.New(new TensorShape(rows, columns));
        new Rng(11).FillNormal(x.Span, 1);
        if (extreme)
        {
            // Codes of ±127 throughout: the largest sums.
            x.Row(0).Fill(1);
            if (rows > 1)
            {
                x.Row(1).Fill(-2);
            }
        }

        RowCodes codes = RowCodes.In(scope, rows, columns, format.Panels!.BlockLength);
        for (int row = 0; row < rows; row++)
        {
            codes.Set(row, x.Pointer + (row * columns));
        }

        return codes;
    }

    private static void Multiply(
        string name, int width, byte* left, byte* right, RowCodes x, int count, int columns, float* scratch, float* sums)
    {
        switch (name)
        {
            case "Q2_K": Multiply<Q2KPanel>(width, left, right, x, count, columns, scratch, sums); break;
            case "Q3_K": Multiply<Q3KPanel>(width, left, right, x, count, columns, scratch, sums); break;
            case "Q4_K": Multiply<Q4KPanel>(width, left, right, x, count, columns, scratch, sums); break;
            case "Q5_K": Multiply<Q5KPanel>(width, left, right, x, count, columns, scratch, sums); break;
            case "Q6_K": Multiply<Q6KPanel>(width, left, right, x, count, columns, scratch, sums); break;
            case "Q4_0": Multiply<Q40Panel>(width, left, right, x, count, columns, scratch, sums); break;
            case "Q4_1": Multiply<Q41Panel>(width, left, right, x, count, columns, scratch, sums); break;
            case "Q5_0": Multiply<Q50Panel>(width, left, right, x, count, columns, scratch, sums); break;
            case "Q5_1": Multiply<Q51Panel>(width, left, right, x, count, columns, scratch, sums); break;
            case "Q8_0": Multiply<Q80Panel>(width, left, right, x, count, columns, scratch, sums); break;
            case "IQ4_NL": Multiply<IQ4NLPanel>(width, left, right, x, count, columns, scratch, sums); break;
            case "IQ4_XS": Multiply<IQ4XSPanel>(width, left, right, x, count, columns, scratch, sums); break;
            default: Multiply<MXFP4Panel>(width, left, right, x, count, columns, scratch, sums); break;
        }
    }

    private static void Multiply<TCodes>(int width, byte* left, byte* right, RowCodes x, int count, int columns, float* scratch, float* sums)
        where TCodes : struct, IPanelCodes
    {
        switch (width)
        {
            case 512: PanelScheme<TCodes>.Multiply<CodeLanes512>(left, right, null, x, 0, count, columns, scratch, sums); break;
            case 256: PanelScheme<TCodes>.Multiply<CodeLanes256>(left, right, null, x, 0, count, columns, scratch, sums); break;
            default: PanelScheme<TCodes>.Multiply<CodeLanes128>(left, right, null, x, 0, count, columns, scratch, sums); break;
        }
    }
}
