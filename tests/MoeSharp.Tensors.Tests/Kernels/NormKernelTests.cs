using MoeSharp.Tensors.Kernels;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Tests.Kernels;

/// <summary>RMS and layer norm at every width: one row of every length, so sums may differ by width within the tolerance.</summary>
public class NormKernelTests
{
    private const float Epsilon = 1e-5f;

    [Fact]
    public void Rms_norm_is_near_the_definition_at_every_width() => KernelRig.Run(
        [Rms<Lanes1>, Rms<Lanes128>, Rms<Lanes256>, Rms<Lanes512>],
        (a, b, c, y, z) =>
        {
            RmsNormKernel.Scalar(a, b, y, Columns(a), Epsilon);
            RmsNormKernel.Scalar(a, default, z, Columns(a), Epsilon);
        },
        sameBits: false,
        tolerance: 1e-6);

    [Fact]
    public void Layer_norm_is_near_the_definition_at_every_width() => KernelRig.Run(
        [Layer<Lanes1>, Layer<Lanes128>, Layer<Lanes256>, Layer<Lanes512>],
        (a, b, c, y, z) =>
        {
            LayerNormKernel.Scalar(a, b, c, y, Columns(a), Epsilon);
            LayerNormKernel.Scalar(a, default, default, z, Columns(a), Epsilon);
        },
        sameBits: false,
        tolerance: 3e-6);

    [Fact]
    public void Rms_norm_gradients_are_near_the_definition_at_every_width() => KernelRig.Run(
        [RmsBackward<Lanes1>, RmsBackward<Lanes128>, RmsBackward<Lanes256>, RmsBackward<Lanes512>],
        (x, w, dy, dx, dw) =>
        {
            double squares = 0, dot = 0;
            for (int i = 0; i < x.Length; i++)
            {
                squares += (double)x[i] * x[i];
                dot += (double)x[i] * w[i] * dy[i];
            }

            double r = 1 / Math.Sqrt((squares / x.Length) + Epsilon);
            for (int i = 0; i < x.Length; i++)
            {
                dx[i] = (float)(r * (((double)dy[i] * w[i]) - (x[i] * r * r * dot / x.Length)));
                dw[i] += (float)(dy[i] * x[i] * r);
            }
        },
        sameBits: false,
        tolerance: 5e-6);

    [Fact]
    public void Layer_norm_gradients_are_near_the_definition_at_every_width() => KernelRig.Run(
        [LayerBackward<Lanes1>, LayerBackward<Lanes128>, LayerBackward<Lanes256>, LayerBackward<Lanes512>],
        (x, w, dy, dx, dw) =>
        {
            int n = x.Length;
            double mean = 0, variance = 0, sum = 0, dot = 0;
            for (int i = 0; i < n; i++)
            {
                mean += (double)x[i] / n;
            }

            for (int i = 0; i < n; i++)
            {
                variance += (x[i] - mean) * (x[i] - mean) / n;
            }

            double r = 1 / Math.Sqrt(variance + Epsilon);
            for (int i = 0; i < n; i++)
            {
                sum += (double)dy[i] * w[i];
                dot += (double)dy[i] * w[i] * (x[i] - mean) * r;
            }

            for (int i = 0; i < n; i++)
            {
                double normal = (x[i] - mean) * r;
                dx[i] += (float)(r * (((double)dy[i] * w[i]) - (sum / n) - (normal * dot / n)));
                dw[i] += (float)(dy[i] * normal);
            }
        },
        sameBits: false,
        tolerance: 1e-4); // two elements of a row may lie close together, which makes r large

    [Fact]
    public void A_row_does_not_depend_on_its_neighbours()
    {
        float[] rows = new float[5 * 37], together = new float[rows.Length], alone = new float[37];
        new Rng(3).FillNormal(rows, 1);
        RmsNormKernel.Run(rows, default, together, 37, Epsilon);
        for (int row = 0; row < 5; row++)
        {
            RmsNormKernel.Run(rows.AsSpan(row * 37, 37), default, alone, 37, Epsilon);
            alone.ShouldBe(together[(row * 37)..((row + 1) * 37)]);
        }
    }

    private static int Columns(ReadOnlySpan<float> row) => Math.Max(row.Length, 1);

    private static void Rms<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
        where TLanes : struct, ILanes<TLanes>
    {
        RmsNormKernel.Lanes<TLanes>(a, b, y, Columns(a), Epsilon);
        RmsNormKernel.Lanes<TLanes>(a, default, z, Columns(a), Epsilon);
    }

    private static void Layer<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
        where TLanes : struct, ILanes<TLanes>
    {
        LayerNormKernel.Lanes<TLanes>(a, b, c, y, Columns(a), Epsilon);
        LayerNormKernel.Lanes<TLanes>(a, default, default, z, Columns(a), Epsilon);
    }

    private static void RmsBackward<TLanes>(ReadOnlySpan<float> x, ReadOnlySpan<float> w, ReadOnlySpan<float> dy, Span<float> dx, Span<float> dw)
        where TLanes : struct, ILanes<TLanes>
        => RmsNormKernel.BackwardLanes<TLanes>(x, w, dy, dx, accumulate: false, dw, Columns(x), Epsilon);

    private static void LayerBackward<TLanes>(ReadOnlySpan<float> x, ReadOnlySpan<float> w, ReadOnlySpan<float> dy, Span<float> dx, Span<float> dw)
        where TLanes : struct, ILanes<TLanes>
        => LayerNormKernel.BackwardLanes<TLanes>(x, w, dy, dx, accumulate: true, dw, default, Columns(x), Epsilon);
}
