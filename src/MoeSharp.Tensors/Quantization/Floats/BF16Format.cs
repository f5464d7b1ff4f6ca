using System.Runtime.InteropServices;
using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Quantization.Floats;

/// <summary>The upper half of a binary32, little-endian; rounded to nearest even.</summary>
internal sealed class BF16Format : BlockFormat
{
    public override string Name => "BF16";

    public override int GgmlType => 30;

    public override int BlockLength => 1;

    public override int BlockBytes => sizeof(ushort);

    public override bool CanQuantize => true;

    protected override void DequantizeBlocks(ReadOnlySpan<byte> blocks, Span<float> values) =>
        BFloat16Kernel.Widen(MemoryMarshal.Cast<byte, ushort>(blocks), values);

    protected override void QuantizeBlocks(ReadOnlySpan<float> values, Span<byte> blocks, ReadOnlySpan<float> importance) =>
        BFloat16Kernel.Narrow(values, MemoryMarshal.Cast<byte, ushort>(blocks));
}
