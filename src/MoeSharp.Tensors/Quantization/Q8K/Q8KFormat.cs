using System.Runtime.InteropServices;

namespace MoeSharp.Tensors.Quantization.Q8K;

/// <summary>8 bits and one 32-bit scale: <c>scale·code</c>. ggml keeps activations so; no published file should.</summary>
/// <remarks>Source: ggml, block_q8_K. Read only.</remarks>
internal sealed class Q8KFormat() : StructFormat<Q8KBlock>("Q8_K", ggmlType: 15, blockLength: 256, codeGroup: 32)
{
    protected override void UnpackBlock(in Q8KBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        ReadOnlySpan<byte> stored = block.Codes;
        MemoryMarshal.Cast<byte, sbyte>(stored).CopyTo(codes);
        scales.Fill(block.Scale);
    }
}
