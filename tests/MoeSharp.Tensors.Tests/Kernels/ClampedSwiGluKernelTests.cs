using MoeSharp.Tensors.Kernels;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Tests.Kernels;

public class ClampedSwiGluKernelTests
{
    private const float Alpha = 1.702f;
    private const float Limit = 1.5f;

    [Fact]
    public void Every_width_gives_the_bits_of_the_scalar_body_near_the_definition() => KernelRig.Run(
        [Forward<Lanes1>, Forward<Lanes128>, Forward<Lanes256>, Forward<Lanes512>],
        (a, b, c, y, z) => ClampedSwiGluKernel.Scalar(a, b, y, Alpha, Limit),
        sameBits: true,
        tolerance: 1e-6);

    [Fact]
    public void Gradients_have_the_same_bits_at_every_width() => KernelRig.Run(
        [Backward<Lanes1>, Backward<Lanes128>, Backward<Lanes256>, Backward<Lanes512>], null, sameBits: true, tolerance: 0);

    private static void Forward<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
        where TLanes : struct, ILanes<TLanes>
        => ClampedSwiGluKernel.Lanes<TLanes>(a, b, y, Alpha, Limit);

    private static void Backward<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
        where TLanes : struct, ILanes<TLanes>
        => ClampedSwiGluKernel.BackwardLanes<TLanes>(a, b, c, y, addToA: false, z, addToB: true, Alpha, Limit);
}
