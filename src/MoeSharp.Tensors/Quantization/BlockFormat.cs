using MoeSharp.Tensors.Quantization.Panels;

namespace MoeSharp.Tensors.Quantization;

/// <summary>A way to store numbers: as floats, or in blocks of small whole numbers with common scales. Byte-identical to GGUF.</summary>
/// <remarks>
/// <para>A row of a weight is a whole number of blocks. Values are defined by <see cref="Dequantize"/>: every other use of the
/// bytes (products, statistics) is tested against it.</para>
/// <para>Formats have no state; all members are safe for concurrent use.</para>
/// </remarks>
public abstract class BlockFormat
{
    /// <summary>The name that GGUF tools use: <c>Q4_K</c>, <c>BF16</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The number of the type in a GGUF file; -1 for a format that no GGUF file has.</summary>
    public abstract int GgmlType { get; }

    /// <summary>Elements of a block; 1 for floats.</summary>
    public abstract int BlockLength { get; }

    /// <summary>Bytes of a block.</summary>
    public abstract int BlockBytes { get; }

    /// <summary>Bits that an element takes, scales included.</summary>
    public double BitsPerElement => 8.0 * BlockBytes / BlockLength;

    /// <summary>True for F32, F16, BF16 and 8-bit floats: products with them are float32 without being asked.</summary>
    public bool IsFloat => BlockLength == 1;

    /// <summary>True where <see cref="Quantize"/> exists.</summary>
    public virtual bool CanQuantize => false;

    /// <summary>Elements that share one scale in <see cref="Unpack"/>: 16 or 32; 0 where the format cannot be unpacked to 8-bit codes.</summary>
    public virtual int CodeGroup => 0;

    /// <summary>True where <see cref="Unpack"/> may give offsets other than 0.</summary>
    public virtual bool HasOffsets => false;

    /// <summary>How products with activations of 8 bits go; null where values are multiplied in float32.</summary>
    internal virtual PanelScheme? Panels => null;

    /// <summary>Bytes of <paramref name="elements"/> elements.</summary>
    /// <exception cref="ArgumentException">They are no whole number of blocks.</exception>
    public long BytesOf(long elements) => elements >= 0 && elements % BlockLength == 0
        ? elements / BlockLength * BlockBytes
        : throw new ArgumentException($"{Name}: {elements} elements are no whole number of blocks of {BlockLength}.", nameof(elements));

    /// <summary>The values of whole blocks.</summary>
    /// <param name="blocks">Bytes of the blocks.</param>
    /// <param name="values">Filled completely.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public void Dequantize(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        RequireBytes(blocks.Length, values.Length);
        DequantizeBlocks(blocks, values);
    }

    /// <summary>Stores values, as near as the format allows.</summary>
    /// <param name="values">Whole rows, finite.</param>
    /// <param name="blocks">Filled completely.</param>
    /// <param name="importance">How much an error in a column matters, one a column of a row, not negative; empty for all alike.</param>
    /// <exception cref="ArgumentException">A value is NaN or infinite, or lengths do not fit.</exception>
    /// <exception cref="NotSupportedException">The format can only be read (see <see cref="CanQuantize"/>).</exception>
    public void Quantize(ReadOnlySpan<float> values, Span<byte> blocks, ReadOnlySpan<float> importance = default)
    {
        if (!CanQuantize)
        {
            throw new NotSupportedException($"{Name}: this format can be read but not written. Choose another, as Q4_K.");
        }

        RequireBytes(blocks.Length, values.Length);
        if (!importance.IsEmpty && (importance.Length % BlockLength != 0 || values.Length % importance.Length != 0))
        {
            throw new ArgumentException(
                $"{Name}: got {importance.Length} importances for {values.Length} values. There must be one a column, and whole rows.", nameof(importance));
        }

        if (!IsFloat)
        {
            RequireFinite(values);
        }

        QuantizeBlocks(values, blocks, importance);
    }

    /// <summary>The codes of whole blocks: <c>value[i] = scale[i / g]·code[i] + offset[i / g]</c>, g = <see cref="CodeGroup"/>.</summary>
    /// <param name="blocks">Bytes of the blocks.</param>
    /// <param name="codes">One an element.</param>
    /// <param name="scales">One a group.</param>
    /// <param name="offsets">One a group; zeros where <see cref="HasOffsets"/> is false.</param>
    /// <exception cref="NotSupportedException">The format has no such codes (<see cref="CodeGroup"/> is 0).</exception>
    public virtual void Unpack(ReadOnlySpan<byte> blocks, Span<sbyte> codes, Span<float> scales, Span<float> offsets) =>
        throw new NotSupportedException($"{Name}: has no 8-bit codes. Multiply its values in float32.");

    /// <summary>A block in whole numbers: <c>value[i] = scale·multiple[i / g]·code[i] + offset·offsetMultiple[i / g]</c>.</summary>
    /// <exception cref="NotSupportedException">The format has no such form (<see cref="Panels"/> is null).</exception>
    internal virtual void ReadWhole(
        ReadOnlySpan<byte> block, Span<sbyte> codes, Span<int> multiples, Span<int> offsetMultiples, out float scale, out float offset) =>
        throw new NotSupportedException($"{Name}: its groups have no whole multiples of a scale. Multiply its values in float32.");

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    /// <summary>As <see cref="Dequantize"/>; lengths are right.</summary>
    protected abstract void DequantizeBlocks(ReadOnlySpan<byte> blocks, Span<float> values);

    /// <summary>As <see cref="Quantize"/>; lengths are right and values finite.</summary>
    protected virtual void QuantizeBlocks(ReadOnlySpan<float> values, Span<byte> blocks, ReadOnlySpan<float> importance) =>
        throw new NotSupportedException($"{Name}: this format can be read but not written.");

    private void RequireFinite(ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw new ArgumentException($"{Name}: value {i} is {values[i]}. Blocks hold finite numbers only.", nameof(values));
            }
        }
    }

    private void RequireBytes(int bytes, int elements)
    {
        if (bytes != BytesOf(elements))
        {
            throw new ArgumentException($"{Name}: {elements} values take {BytesOf(elements)} bytes, got {bytes}.");
        }
    }
}
