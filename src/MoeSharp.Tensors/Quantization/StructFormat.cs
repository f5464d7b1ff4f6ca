using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization;

/// <summary>A format whose blocks are one struct after another: a format says how one block becomes codes with scales, and how values
/// become one block; everything else is here.</summary>
/// <remarks>
/// <para>Values are <c>scale·code</c>, plus the offset of the group where the format <see cref="BlockFormat.HasOffsets">has offsets</see>:
/// a product, then a sum, each rounded to float32. That is what ggml computes, so the values are its values bit for bit.</para>
/// <para>Quantising minimises <c>Σ w·(x − value)²</c> with w = the importance of the column (relative to the mean importance), or 1.
/// The bytes depend on nothing but the input: the same on every machine, at every vector width.</para>
/// </remarks>
/// <param name="name">The name that GGUF tools use.</param>
/// <param name="ggmlType">The number of the type in a GGUF file.</param>
/// <param name="blockLength">Elements of a block, at most 256.</param>
/// <param name="codeGroup">Elements that share a scale and an offset: 16 or 32.</param>
/// <typeparam name="TBlock">The block as it stands in a file.</typeparam>
internal abstract class StructFormat<TBlock>(string name, int ggmlType, int blockLength, int codeGroup) : BlockFormat
    where TBlock : unmanaged
{
    private const int LongestBlock = 256;
    private const int MostGroups = LongestBlock / 16;

    /// <summary>Columns that hardly matter still count this much (the mean column counts 1): a group of unimportant columns is stored sensibly.</summary>
    private const float LeastWeight = 1e-6f;

    public sealed override string Name => name;

    public sealed override int GgmlType => ggmlType;

    public sealed override int BlockLength => blockLength;

    public sealed override int BlockBytes => Unsafe.SizeOf<TBlock>();

    public sealed override int CodeGroup => codeGroup;

    /// <summary>Values are clipped to ± this before they are quantised, so that no sum of squares overflows; far above what a block can hold.</summary>
    protected virtual float LargestMagnitude => 1e10f;

    /// <summary>Smaller magnitudes are taken as 0, so that no sum of squares vanishes; far below what a block can hold.</summary>
    protected virtual float SmallestMagnitude => 1e-14f;

    public sealed override void Unpack(ReadOnlySpan<byte> blocks, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        ReadOnlySpan<TBlock> source = MemoryMarshal.Cast<byte, TBlock>(blocks);
        int groups = blockLength / codeGroup;
        if (blocks.Length % BlockBytes != 0 || codes.Length != source.Length * blockLength || scales.Length != source.Length * groups
            || (HasOffsets && offsets.Length != scales.Length))
        {
            throw new ArgumentException(
                $"{Name}: {blocks.Length} bytes for {codes.Length} codes, {scales.Length} scales and {offsets.Length} offsets. "
                + $"A block is {BlockBytes} bytes, {blockLength} codes and {groups} groups.");
        }

        if (!HasOffsets)
        {
            offsets.Clear();
            offsets = default;
        }

        for (int i = 0; i < source.Length; i++)
        {
            UnpackBlock(
                in source[i], codes.Slice(i * blockLength, blockLength), scales.Slice(i * groups, groups),
                HasOffsets ? offsets.Slice(i * groups, groups) : default);
        }
    }

    internal override void ReadWhole(
        ReadOnlySpan<byte> block, Span<sbyte> codes, Span<int> multiples, Span<int> offsetMultiples, out float scale, out float offset)
    {
        if (blockLength != codeGroup)
        {
            base.ReadWhole(block, codes, multiples, offsetMultiples, out scale, out offset);
            return;
        }

        Span<float> facts = stackalloc float[2];
        facts.Clear();
        UnpackBlock(in MemoryMarshal.AsRef<TBlock>(block), codes, facts[..1], HasOffsets ? facts[1..] : default);
        (scale, offset) = (facts[0], facts[1]);
        multiples[0] = offsetMultiples[0] = 1;
    }

    /// <summary>Codes of a block, scale and offset of each of its groups.</summary>
    /// <param name="block">The block.</param>
    /// <param name="codes">Filled completely.</param>
    /// <param name="scales">One a group.</param>
    /// <param name="offsets">One a group; empty where the format has no offsets.</param>
    protected abstract void UnpackBlock(in TBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets);

    /// <summary>Makes a block of values.</summary>
    /// <param name="values">The values, within ± <see cref="LargestMagnitude"/>.</param>
    /// <param name="weights">What a squared error of each value counts; positive.</param>
    /// <param name="block">All zero bits.</param>
    protected virtual void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref TBlock block) =>
        throw new NotSupportedException($"{Name}: this format can be read but not written.");

    protected sealed override void DequantizeBlocks(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Span<sbyte> codes = stackalloc sbyte[LongestBlock];
        Span<float> scales = stackalloc float[MostGroups];
        Span<float> offsets = stackalloc float[MostGroups];
        codes = codes[..blockLength];
        scales = scales[..(blockLength / codeGroup)];
        offsets = HasOffsets ? offsets[..scales.Length] : default;

        ReadOnlySpan<TBlock> source = MemoryMarshal.Cast<byte, TBlock>(blocks);
        for (int i = 0; i < source.Length; i++)
        {
            UnpackBlock(in source[i], codes, scales, offsets);
            for (int group = 0; group < scales.Length; group++)
            {
                Span<float> target = values.Slice((i * blockLength) + (group * codeGroup), codeGroup);
                CodeValues.Scale(codes.Slice(group * codeGroup, codeGroup), scales[group], target);
                if (HasOffsets)
                {
                    CodeValues.Add(offsets[group], target);
                }
            }
        }
    }

    protected sealed override void QuantizeBlocks(ReadOnlySpan<float> values, Span<byte> blocks, ReadOnlySpan<float> importance)
    {
        float toWeight = WeightOfImportance(importance);
        Span<float> x = stackalloc float[LongestBlock];
        Span<float> weights = stackalloc float[LongestBlock];
        x = x[..blockLength];
        weights = weights[..blockLength];
        weights.Fill(1);

        Span<TBlock> target = MemoryMarshal.Cast<byte, TBlock>(blocks);
        for (int i = 0, column = 0; i < target.Length; i++, column += blockLength)
        {
            if (toWeight > 0)
            {
                column %= importance.Length;
                for (int j = 0; j < weights.Length; j++)
                {
                    weights[j] = MathF.Max(importance[column + j] * toWeight, LeastWeight);
                }
            }

            ReadOnlySpan<float> source = values.Slice(i * blockLength, blockLength);
            for (int j = 0; j < x.Length; j++)
            {
                float value = source[j];
                x[j] = MathF.Abs(value) >= SmallestMagnitude ? Math.Clamp(value, -LargestMagnitude, LargestMagnitude) : 0;
            }

            target[i] = default;
            QuantizeBlock(x, weights, ref target[i]);
        }
    }

    /// <summary>1 / mean importance; 0 where all columns count alike.</summary>
    private float WeightOfImportance(ReadOnlySpan<float> importance)
    {
        double sum = 0;
        for (int i = 0; i < importance.Length; i++)
        {
            if (!float.IsFinite(importance[i]) || importance[i] < 0)
            {
                throw new ArgumentException(
                    $"{Name}: the importance of column {i} is {importance[i]}. It must be finite and not negative.", nameof(importance));
            }

            sum += importance[i];
        }

        return sum > 0 ? (float)Math.Min(importance.Length / sum, 1e30) : 0;
    }
}
