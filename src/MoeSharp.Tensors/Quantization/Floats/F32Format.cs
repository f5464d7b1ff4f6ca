using System.Runtime.InteropServices;

namespace MoeSharp.Tensors.Quantization.Floats;

/// <summary>IEEE binary32, little-endian.</summary>
internal sealed class F32Format : BlockFormat
{
    public override string Name => "F32";

    public override int GgmlType => 0;

    public override int BlockLength => 1;

    public override int BlockBytes => sizeof(float);

    public override bool CanQuantize => true;

    protected override void DequantizeBlocks(ReadOnlySpan<byte> blocks, Span<float> values) =>
        MemoryMarshal.Cast<byte, float>(blocks).CopyTo(values);

    protected override void QuantizeBlocks(ReadOnlySpan<float> values, Span<byte> blocks, ReadOnlySpan<float> importance) =>
        MemoryMarshal.AsBytes(values).CopyTo(blocks);
}
