using System.Runtime.InteropServices;

namespace MoeSharp.Tensors.Quantization;

/// <summary>A format of 256 elements whose groups have whole multiples of one scale, and of one offset.</summary>
/// <param name="name">The name that GGUF tools use.</param>
/// <param name="ggmlType">The number of the type in a GGUF file.</param>
/// <param name="codeGroup">Elements that share multiples: 16 or 32.</param>
/// <typeparam name="TBlock">The block as it stands in a file.</typeparam>
internal abstract class SuperFormat<TBlock>(string name, int ggmlType, int codeGroup)
    : StructFormat<TBlock>(name, ggmlType, Length, codeGroup)
    where TBlock : unmanaged
{
    private const int Length = 256;
    private const int MostGroups = 16;

    internal sealed override void ReadWhole(
        ReadOnlySpan<byte> block, Span<sbyte> codes, Span<int> multiples, Span<int> offsetMultiples, out float scale, out float offset)
    {
        ref readonly TBlock stored = ref MemoryMarshal.AsRef<TBlock>(block);
        ReadCodes(in stored, codes);
        ReadMultiples(in stored, multiples, offsetMultiples, out scale, out offset);
    }

    /// <summary>Codes of a block.</summary>
    protected abstract void ReadCodes(in TBlock block, Span<sbyte> codes);

    /// <summary>Multiples of each group, and what they multiply; no offsets where the format has none.</summary>
    protected abstract void ReadMultiples(
        in TBlock block, Span<int> multiples, Span<int> offsetMultiples, out float scale, out float offset);

    protected sealed override void UnpackBlock(in TBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        Span<int> multiples = stackalloc int[MostGroups], offsetMultiples = stackalloc int[MostGroups];
        ReadCodes(in block, codes);
        ReadMultiples(in block, multiples, offsetMultiples, out float scale, out float offset);
        for (int group = 0; group < scales.Length; group++)
        {
            scales[group] = scale * multiples[group];
        }

        for (int group = 0; group < offsets.Length; group++)
        {
            offsets[group] = offset * offsetMultiples[group];
        }
    }
}
