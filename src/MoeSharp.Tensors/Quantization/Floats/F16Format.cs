using System.Runtime.InteropServices;
using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Quantization.Floats;

/// <summary>IEEE binary16, little-endian; rounded to nearest even.</summary>
internal sealed class F16Format : BlockFormat
{
    public override string Name => "F16";

    public override int GgmlType => 1;

    public override int BlockLength => 1;

    public override int BlockBytes => sizeof(ushort);

    public override bool CanQuantize => true;

    protected override void DequantizeBlocks(ReadOnlySpan<byte> blocks, Span<float> values) =>
        Float16Kernel.Widen(MemoryMarshal.Cast<byte, ushort>(blocks), values);

    protected override void QuantizeBlocks(ReadOnlySpan<float> values, Span<byte> blocks, ReadOnlySpan<float> importance) =>
        Float16Kernel.Narrow(values, MemoryMarshal.Cast<byte, ushort>(blocks));
}
