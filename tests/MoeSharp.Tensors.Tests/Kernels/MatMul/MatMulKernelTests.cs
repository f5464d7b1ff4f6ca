using System.Runtime.InteropServices;
using MoeSharp.Tensors.Kernels.MatMul;

namespace MoeSharp.Tensors.Tests.Kernels.MatMul;

/// <summary>The law of products: the bits of the definition, at every width, shape, place and thread count.</summary>
public unsafe class MatMulKernelTests
{
    private static readonly int[] s_widths = [128, 256, 512];
    private static readonly int[] s_sizes =
        [.. Enumerable.Range(1, 17), 31, 33, 48, 64, 65, 97, 127, 257];

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Every_width_gives_the_bits_of_the_definition(bool acrossA, bool acrossB)
    {
        using var workers = new Workers(2);
        var rng = new Rng(7);
        foreach (int m in s_sizes)
        {
            foreach (int n in s_sizes)
            {
                int k = s_sizes[rng.NextInt(s_sizes.Length)];
                Check(workers, acrossA, acrossB, m, n, k, accumulate: (m + n) % 2 == 0, shift: (m + (3 * n)) % 5);
            }
        }
    }

    [Theory]
    [InlineData(1, 300, 700)]
    [InlineData(3, 1030, 40)]
    [InlineData(600, 8, 64)]
    [InlineData(40, 1100, 530)]
    [InlineData(1100, 33, 300)]
    [InlineData(2, 2, 1025)]
    [InlineData(14, 1030, 1100)]
    [InlineData(5, 7, 0)]
    public void Long_sums_and_many_columns_keep_the_law(int m, int n, int k)
    {
        using var workers = new Workers(3);
        foreach (bool acrossA in new[] { false, true })
        {
            foreach (bool acrossB in new[] { false, true })
            {
                Check(workers, acrossA, acrossB, m, n, k, accumulate: false, shift: 1);
                Check(workers, acrossA, acrossB, m, n, k, accumulate: true, shift: 0);
            }
        }
    }

    [Fact]
    public void A_row_does_not_depend_on_its_company_or_on_threads()
    {
        const int n = 130, k = 300;
        var a = new FramedBuffer(100 * k, 1);
        var b = new FramedBuffer(n * k, 2);
        using var alone = new Workers(1);
        using var team = new Workers(4);
        var all = new FramedBuffer(100 * n, 3);
        MatMulKernel.Nt(alone, a.Pointer, b.Pointer, all.Pointer, 100, n, k, accumulate: false);
        foreach (int rows in new[] { 1, 2, 3, 7, 8, 9, 64, 100 })
        {
            var some = new FramedBuffer(rows * n, 4);
            MatMulKernel.Nt(team, a.Pointer, b.Pointer, some.Pointer, rows, n, k, accumulate: false);
            MemoryMarshal.Cast<float, int>(some.Values).SequenceEqual(MemoryMarshal.Cast<float, int>(all.Values[..(rows * n)]))
                .ShouldBeTrue($"{rows} rows");
        }

        GC.KeepAlive(a);
        GC.KeepAlive(b);
    }

    private static void Check(Workers workers, bool acrossA, bool acrossB, int m, int n, int k, bool accumulate, int shift)
    {
        var a = new FramedBuffer(m * k, 1, shift);
        var b = new FramedBuffer(n * k, 2, (shift * 2) % 5);
        MatrixOperand left = acrossA ? MatrixOperand.AcrossDepth(a.Pointer, m) : MatrixOperand.AlongDepth(a.Pointer, k);
        MatrixOperand right = acrossB ? MatrixOperand.AcrossDepth(b.Pointer, n) : MatrixOperand.AlongDepth(b.Pointer, k);
        var expected = new FramedBuffer(m * n, 3);
        MatMulKernel.Scalar(left, right, expected.Pointer, n, 1, m, n, k, accumulate);
        foreach (int width in s_widths)
        {
            var c = new FramedBuffer(m * n, 3, shift);
            MatMulKernel.Run(workers, left, right, c.Pointer, m, n, k, accumulate, width);
            string where = $"width {width}, a {(acrossA ? "across" : "along")}, b {(acrossB ? "across" : "along")}, m {m}, n {n}, k {k}, accumulate {accumulate}";
            MemoryMarshal.Cast<float, int>(c.Values).SequenceEqual(MemoryMarshal.Cast<float, int>(expected.Values)).ShouldBeTrue(where);
            c.FrameIsWhole.ShouldBeTrue(where);
        }

        GC.KeepAlive(a); // its memory is native and freed with it
        GC.KeepAlive(b);
    }
}
