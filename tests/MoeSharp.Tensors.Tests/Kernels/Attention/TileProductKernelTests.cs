using MoeSharp.Tensors.Kernels.Attention;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Tests.Kernels.Attention;

public unsafe class TileProductKernelTests
{
    private delegate void Product(in TileOperands operands, int rows, int columns, int depth, bool accumulate);

    [Theory]
    [InlineData(128)]
    [InlineData(256)]
    [InlineData(512)]
    public void Every_width_gives_the_bits_of_the_definition_and_touches_nothing_else(int width)
    {
        Product run = width switch
        {
            128 => TileProductKernel.Run<Lanes128>,
            256 => TileProductKernel.Run<Lanes256>,
            _ => TileProductKernel.Run<Lanes512>,
        };
        foreach (int rows in (int[])[1, 2, 3, 4, 5, 6, 7, 11, 12, 13])
        {
            for (int columns = 1; columns <= 67; columns += columns < 20 ? 1 : 3)
            {
                foreach (int depth in (int[])[0, 1, 17])
                {
                    Compare(run, rows, columns, depth, accumulate: columns % 2 == 0, across: rows % 2 == 0);
                }
            }
        }
    }

    [Fact]
    public void Streaming_gives_the_bits_of_the_definition()
    {
        byte next = 0;
        byte* address = &next;
        Product run = (in TileOperands o, int rows, int columns, int depth, bool accumulate) =>
            TileProductKernel.Stream<Lanes256>(o, rows, columns, depth, accumulate, address, 0);
        foreach (int depth in (int[])[1, 15, 16, 17, 64, 65])
        {
            Compare(run, 5, 37, depth, accumulate: false, across: false);
            Compare(run, 5, 37, depth, accumulate: true, across: true);
        }
    }

    private static void Compare(Product run, int rows, int columns, int depth, bool accumulate, bool across)
    {
        var rng = new Rng((ulong)((rows * 1000) + columns));
        float[] a = new float[rows * Math.Max(depth, 1)], b = new float[Math.Max(depth, 1) * columns];
        rng.FillNormal(a, 1);
        rng.FillNormal(b, 1);
        float[] expected = new float[(rows * (columns + 3)) + 3], actual = new float[expected.Length];
        Array.Fill(expected, float.NaN);
        for (int i = 0; i < rows; i++)
        {
            rng.FillNormal(expected.AsSpan(3 + (i * (columns + 3)), columns), 1);
        }

        expected.CopyTo(actual, 0);
        fixed (float* pa = a, pb = b, pe = expected, pc = actual)
        {
            long aRow = across ? 1 : depth, aDepth = across ? rows : 1;
            TileProductKernel.Scalar(new TileOperands(pa, aRow, aDepth, pb, columns, pe + 3, columns + 3), rows, columns, depth, accumulate);
            run(new TileOperands(pa, aRow, aDepth, pb, columns, pc + 3, columns + 3), rows, columns, depth, accumulate);
        }

        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(actual[i]) != BitConverter.SingleToInt32Bits(expected[i]))
            {
                Assert.Fail($"rows {rows}, columns {columns}, depth {depth}: element {i} is {actual[i]:R}, expected {expected[i]:R}");
            }
        }
    }
}
