using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Quantization.Floats;

/// <summary>8-bit floats of 4 bits of exponent and 3 of fraction, as safetensors hold them; scales of squares stand beside them
/// (<see cref="BlockScales"/>), so they are no type of GGUF files.</summary>
internal sealed class F8E4M3Format : BlockFormat
{
    public override string Name => "F8_E4M3";

    public override int GgmlType => -1;

    public override int BlockLength => 1;

    public override int BlockBytes => 1;

    protected override void DequantizeBlocks(ReadOnlySpan<byte> blocks, Span<float> values) => Float8Kernel.Widen(blocks, values);
}
