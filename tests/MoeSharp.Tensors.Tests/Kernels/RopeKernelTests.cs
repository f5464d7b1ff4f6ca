using MoeSharp.Tensors.Kernels;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Tests.Kernels;

public class RopeKernelTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Every_width_gives_the_bits_of_the_definition(bool inverse, bool accumulate) => KernelRig.Run(
        [
            (a, b, c, y, z) => Rotate<Lanes1>(a, b, c, y, inverse, accumulate),
            (a, b, c, y, z) => Rotate<Lanes128>(a, b, c, y, inverse, accumulate),
            (a, b, c, y, z) => Rotate<Lanes256>(a, b, c, y, inverse, accumulate),
            (a, b, c, y, z) => Rotate<Lanes512>(a, b, c, y, inverse, accumulate),
        ],
        (a, b, c, y, z) =>
        {
            int half = a.Length / 2;
            RopeKernel.Scalar(a[..(2 * half)], b[..half], c[..half], y[..(2 * half)], inverse, accumulate);
        },
        sameBits: true,
        tolerance: 0);

    [Fact]
    public void Both_layouts_rotate_the_same_pairs()
    {
        float[] halves = [1, 2, 3, 4], pairs = [1, 3, 2, 4], cos = [0.6f, 0.8f], sin = [0.8f, 0.6f];
        float[] a = new float[4], b = new float[4], c = new float[4], back = new float[4];
        RopeKernel.HalfSplit(halves, cos, sin, a, inverse: false, accumulate: false);
        RopeKernel.Interleaved(pairs, cos, sin, b, inverse: false, accumulate: false);
        RopeKernel.InterleavedToHalves(pairs, cos, sin, c, inverse: false, accumulate: false);
        new[] { b[0], b[2], b[1], b[3] }.ShouldBe(a);
        c.ShouldBe(a);
        RopeKernel.InterleavedToHalves(c, cos, sin, back, inverse: true, accumulate: false);
        for (int i = 0; i < 4; i++)
        {
            back[i].ShouldBe(pairs[i], 1e-6f);
        }
    }

    private static void Rotate<TLanes>(
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, bool inverse, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        int half = a.Length / 2;
        RopeKernel.HalfSplitLanes<TLanes>(a[..(2 * half)], b[..half], c[..half], y[..(2 * half)], inverse, accumulate);
    }
}
