using MoeSharp.Tensors.Kernels;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Tests.Kernels;

/// <summary>Softmax, log-sum-exp and cross-entropy at every width; sums may differ by width within the tolerance.</summary>
public class SoftmaxKernelTests
{
    [Fact]
    public void Softmax_is_near_the_definition_at_every_width() => KernelRig.Run(
        [Forward<Lanes1>, Forward<Lanes128>, Forward<Lanes256>, Forward<Lanes512>],
        (a, b, c, y, z) =>
        {
            SoftmaxKernel.Scalar(a, y, Columns(a));
            z.Fill(a.IsEmpty ? 0 : (float)SoftmaxKernel.LogSumExpScalar(a));
        },
        sameBits: false,
        tolerance: 1e-6);

    [Fact]
    public void Softmax_gradients_are_near_the_definition_at_every_width() => KernelRig.Run(
        [Backward<Lanes1>, Backward<Lanes128>, Backward<Lanes256>, Backward<Lanes512>],
        (a, b, c, y, z) =>
        {
            double dot = SumKernel.Scalar(a, b);
            for (int i = 0; i < a.Length; i++)
            {
                y[i] = (float)(a[i] * (b[i] - dot));
                z[i] += (float)(0.5 * Math.Exp((double)c[i] - 3));
            }
        },
        sameBits: false,
        tolerance: 3e-5); // a is no softmax here, so the dot product is large

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.1f, 0)]
    [InlineData(0.1f, 0.02f)]
    public void Cross_entropy_is_near_the_definition_at_every_width(float smoothing, float zWeight) => KernelRig.Run(
        [
            (a, b, c, y, z) => Loss(a, y, z, x => CrossEntropyKernel.Lanes<Lanes1>(x, x.Length / 2, smoothing, zWeight, 0.5f)),
            (a, b, c, y, z) => Loss(a, y, z, x => CrossEntropyKernel.Lanes<Lanes128>(x, x.Length / 2, smoothing, zWeight, 0.5f)),
            (a, b, c, y, z) => Loss(a, y, z, x => CrossEntropyKernel.Lanes<Lanes256>(x, x.Length / 2, smoothing, zWeight, 0.5f)),
            (a, b, c, y, z) => Loss(a, y, z, x => CrossEntropyKernel.Lanes<Lanes512>(x, x.Length / 2, smoothing, zWeight, 0.5f)),
        ],
        (a, b, c, y, z) => Loss(a, y, z, x => CrossEntropyKernel.Scalar(x, x.Length / 2, smoothing, zWeight, 0.5f)),
        sameBits: false,
        tolerance: 1e-6);

    [Fact]
    public void Loss_without_gradient_is_the_same()
    {
        float[] x = new float[133];
        new Rng(1).FillNormal(x, 3);
        double wanted = CrossEntropyKernel.Scalar([.. x], 7, 0.1f, 0.03f, 1);
        CrossEntropyKernel.Loss(x, 7, 0.1f, 0.03f).ShouldBe(wanted, 1e-6);
        CrossEntropyKernel.Nats(x, 7).ShouldBe(CrossEntropyKernel.Scalar([.. x], 7, 0, 0, 1), 1e-6);
    }

    [Fact]
    public void Softmax_has_its_edges()
    {
        float[] y = new float[3];
        SoftmaxKernel.Run([float.NegativeInfinity, 0, 0], y, 3);
        y.ShouldBe([0, 0.5f, 0.5f]);
        SoftmaxKernel.Run([1e30f, -1e30f, 1e30f], y, 3);
        y.ShouldBe([0.5f, 0, 0.5f]);
        SoftmaxKernel.Run([float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity], y, 3);
        y.ShouldAllBe(value => float.IsNaN(value));
        SoftmaxKernel.Run([0, float.NaN, 1], y, 3);
        y.ShouldAllBe(value => float.IsNaN(value));
        SoftmaxKernel.LogSumExp([float.NegativeInfinity, float.NegativeInfinity]).ShouldBe(double.NegativeInfinity);
    }

    [Fact]
    public void NaN_anywhere_in_a_row_reaches_every_result()
    {
        foreach (int place in new[] { 0, 5, 17, 36, 40 })
        {
            foreach (float others in new[] { 1f, float.NegativeInfinity })
            {
                float[] x = new float[41], y = new float[41];
                x.AsSpan().Fill(others);
                x[place] = float.NaN;
                SoftmaxKernel.Run(x, y, 41);
                y.ShouldAllBe(value => float.IsNaN(value));
                double.IsNaN(SoftmaxKernel.LogSumExp(x)).ShouldBeTrue($"NaN at {place} among {others}");
            }
        }
    }

    [Fact]
    public void Long_rows_keep_their_precision()
    {
        float[] x = new float[100_003], y = new float[x.Length];
        new Rng(5).FillNormal(x, 2);
        SoftmaxKernel.LogSumExp(x).ShouldBe(SoftmaxKernel.LogSumExpScalar(x), 1e-6);
        SoftmaxKernel.Run(x, y, x.Length);
        SumKernel.Scalar(y, default).ShouldBe(1, 1e-6);
    }

    private static int Columns(ReadOnlySpan<float> row) => Math.Max(row.Length, 1);

    private static void Forward<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
        where TLanes : struct, ILanes<TLanes>
    {
        SoftmaxKernel.Lanes<TLanes>(a, y, Columns(a));
        z.Fill(a.IsEmpty ? 0 : (float)SoftmaxKernel.LogSumExpLanes<TLanes>(a));
    }

    private static void Backward<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
        where TLanes : struct, ILanes<TLanes>
    {
        SoftmaxKernel.BackwardLanes<TLanes>(a, b, y, Columns(a), accumulate: false);
        SoftmaxKernel.LogSumExpBackwardLanes<TLanes>(c, 3, 0.5f, z, accumulate: true);
    }

    private delegate double Row(Span<float> x);

    private static void Loss(ReadOnlySpan<float> a, Span<float> y, Span<float> z, Row row)
    {
        a.CopyTo(y);
        if (!a.IsEmpty)
        {
            z.Fill((float)row(y));
        }
    }
}
