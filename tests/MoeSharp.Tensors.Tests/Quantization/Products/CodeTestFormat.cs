using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Tensors.Tests.Quantization.Products;

/// <summary>A format made for tests: a block is 32 codes, then a scale and an offset for every group, plainly.</summary>
internal sealed class CodeTestFormat(int group) : BlockFormat
{
    public override string Name => "TEST";

    public override int GgmlType => -1;

    public override int BlockLength => 32;

    public override int BlockBytes => 32 + (32 / group * 2 * sizeof(float));

    public override int CodeGroup => group;

    public override bool HasOffsets => true;

    /// <summary>Random blocks, every code from −128 to 127.</summary>
    public PackedWeight Random(TensorShape shape, ulong seed)
    {
        var weight = new PackedWeight(this, shape);
        Span<byte> bytes = weight.Bytes(0, (int)weight.ByteLength);
        var rng = new Rng(seed);
        for (int block = 0; block < bytes.Length; block += BlockBytes)
        {
            for (int i = 0; i < 32; i++)
            {
                bytes[block + i] = (byte)rng.NextInt(256);
            }

            Span<float> facts = MemoryMarshal.Cast<byte, float>(bytes.Slice(block + 32, BlockBytes - 32));
            rng.FillNormal(facts, 0.1f);
        }

        return weight;
    }

    public override void Unpack(ReadOnlySpan<byte> blocks, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        int groups = 32 / group;
        for (int block = 0; block < blocks.Length / BlockBytes; block++)
        {
            ReadOnlySpan<byte> bytes = blocks.Slice(block * BlockBytes, BlockBytes);
            MemoryMarshal.Cast<byte, sbyte>(bytes[..32]).CopyTo(codes[(block * 32)..]);
            ReadOnlySpan<float> facts = MemoryMarshal.Cast<byte, float>(bytes[32..]);
            facts[..groups].CopyTo(scales[(block * groups)..]);
            facts[groups..].CopyTo(offsets[(block * groups)..]);
        }
    }

    protected override void DequantizeBlocks(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        sbyte[] codes = new sbyte[values.Length];
        float[] scales = new float[values.Length / group], offsets = new float[values.Length / group];
        Unpack(blocks, codes, scales, offsets);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (scales[i / group] * codes[i]) + offsets[i / group];
        }
    }
}
