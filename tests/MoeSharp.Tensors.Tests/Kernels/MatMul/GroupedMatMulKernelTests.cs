using System.Runtime.InteropServices;
using MoeSharp.Tensors.Kernels.MatMul;

namespace MoeSharp.Tensors.Tests.Kernels.MatMul;

/// <summary>Every expert's product has the bits of its definition, whatever the other experts do.</summary>
public unsafe class GroupedMatMulKernelTests
{
    private static readonly int[] s_widths = [0, 128, 256, 512];

    [Theory]
    [InlineData(new[] { 3 }, 5, 7)]
    [InlineData(new[] { 0, 0, 0 }, 5, 7)]
    [InlineData(new[] { 1, 0, 2, 33, 0, 17 }, 31, 65)]
    [InlineData(new[] { 1, 1, 1, 1, 1, 1, 1, 1 }, 96, 64)]
    [InlineData(new[] { 64, 5, 0, 40, 9 }, 130, 300)]
    [InlineData(new[] { 2, 600, 0, 31 }, 40, 257)]
    [InlineData(new[] { 7, 300 }, 1, 16)]
    [InlineData(new[] { 150, 0, 201, 99 }, 70, 53)]
    [InlineData(new[] { 0, 5, 450, 97 }, 33, 520)]
    [InlineData(new[] { 7, 30 }, 16, 1)]
    public void Every_width_gives_the_bits_of_the_definition(int[] rows, int outputs, int inputs)
    {
        using var workers = new Workers(2);
        foreach (bool accumulate in new[] { false, true })
        {
            Check(workers, rows, outputs, inputs, accumulate);
        }
    }

    private static void Check(Workers workers, int[] rows, int outputs, int inputs, bool accumulate)
    {
        int experts = rows.Length, total = rows.Sum();
        Indices offsets = Indices.Uninitialized(experts + 1);
        offsets[0] = 0;
        for (int e = 0; e < experts; e++)
        {
            offsets[e + 1] = offsets[e] + rows[e];
        }

        var x = new FramedBuffer(total * inputs, 1, 3);
        var dy = new FramedBuffer(total * outputs, 2);
        var weight = new FramedBuffer(experts * outputs * inputs, 3, 1);
        var y = new FramedBuffer(total * outputs, 4);
        var dx = new FramedBuffer(total * inputs, 5);
        var dw = new FramedBuffer(experts * outputs * inputs, 6);
        for (int e = 0; e < experts; e++)
        {
            int first = offsets[e], count = rows[e];
            float* xs = x.Pointer + (first * inputs), dys = dy.Pointer + (first * outputs), w = weight.Pointer + (e * outputs * inputs);
            MatMulKernel.Scalar(
                MatrixOperand.AlongDepth(xs, inputs), MatrixOperand.AlongDepth(w, inputs), y.Pointer + (first * outputs), outputs, 1, count, outputs, inputs, accumulate);
            MatMulKernel.Scalar(
                MatrixOperand.AlongDepth(dys, outputs), MatrixOperand.AcrossDepth(w, inputs), dx.Pointer + (first * inputs), inputs, 1, count, inputs, outputs, accumulate);
            MatMulKernel.Scalar(
                MatrixOperand.AcrossDepth(dys, outputs), MatrixOperand.AcrossDepth(xs, inputs), dw.Pointer + (e * outputs * inputs), inputs, 1, outputs, inputs, count, accumulate);
        }

        foreach (int width in s_widths)
        {
            string where = $"width {width}, rows {string.Join(' ', rows)}, {outputs} outputs, {inputs} inputs, accumulate {accumulate}";
            var y2 = new FramedBuffer(total * outputs, 4, 2);
            var dx2 = new FramedBuffer(total * inputs, 5, 1);
            var dw2 = new FramedBuffer(experts * outputs * inputs, 6, 5);
            GroupedMatMulKernel.Nt(workers, x.Pointer, weight.Pointer, y2.Pointer, offsets.Pointer, experts, outputs, inputs, accumulate, width);
            GroupedMatMulKernel.Nn(workers, dy.Pointer, weight.Pointer, dx2.Pointer, offsets.Pointer, experts, outputs, inputs, accumulate, width);
            GroupedMatMulKernel.Tn(workers, dy.Pointer, x.Pointer, dw2.Pointer, offsets.Pointer, experts, outputs, inputs, accumulate, width);
            Same(y2, y, "nt " + where);
            Same(dx2, dx, "nn " + where);
            Same(dw2, dw, "tn " + where);
        }

        GC.KeepAlive((x, dy, weight, offsets)); // their memory is native and freed with them
    }

    private static void Same(FramedBuffer actual, FramedBuffer expected, string where)
    {
        MemoryMarshal.Cast<float, int>(actual.Values).SequenceEqual(MemoryMarshal.Cast<float, int>(expected.Values)).ShouldBeTrue(where);
        actual.FrameIsWhole.ShouldBeTrue(where);
    }
}
