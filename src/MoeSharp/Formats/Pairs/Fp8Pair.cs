using System.Buffers;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Formats.Pairs;

/// <summary>FP8 as DeepSeek-V3 is published: <c>name</c> F8_E4M3 <c>[…, R, C]</c> and <c>name_scale_inv</c> <c>[…, ⌈R/128⌉, ⌈C/128⌉]</c>, seen as
/// one tensor <c>name</c> of the first's type, whose values are multiplied by the second.</summary>
/// <remarks>
/// <para>Formula: <c>value[r, c] = number[r, c] · scale[r/128, c/128]</c>, one float32 product. The two codes that are no numbers stay NaN.
/// The numbers are used where they lie, with their scales beside them (<see cref="BlockScales"/>).</para>
/// <para>Source: DeepSeek-V3, arXiv:2412.19437; Micikevicius et al. 2022, arXiv:2209.05433 (the number format).</para>
/// </remarks>
internal sealed class Fp8Pair(StoredTensor numbers, StoredTensor scales) : TensorPair(numbers, scales, numbers)
{
    private const string ScalesEnd = "_scale_inv";

    /// <summary>The pair whose numbers a tensor is; null for any other tensor.</summary>
    /// <exception cref="ModelFormatException">The scales do not fit the numbers.</exception>
    public static Fp8Pair? Find(TensorSource source, StoredTensor tensor)
    {
        if (tensor.Type != StoredType.F8E4M3 || tensor.Shape is not [.., var rows, var columns] shape
            || !source.TryFind(tensor.Name + ScalesEnd, out StoredTensor? scales))
        {
            return null;
        }

        long[] expected = [.. shape.Take(shape.Count - 2), BlockScales.Blocks(rows), BlockScales.Blocks(columns)];
        if (scales.Type is not (StoredType.F32 or StoredType.BF16 or StoredType.F16) || !scales.Shape.SequenceEqual(expected))
        {
            throw new ModelFormatException(
                scales.File, $"tensor '{scales.Name}'", scales.Offset,
                $"is {scales.Type.Name()} [{string.Join(", ", scales.Shape)}] beside numbers of [{string.Join(", ", shape)}]. "
                + $"It must be F32 [{string.Join(", ", expected)}]: a scale for each {BlockScales.BlockLength} × {BlockScales.BlockLength} numbers.");
        }

        return new Fp8Pair(tensor, scales);
    }

    /// <inheritdoc/>
    public override bool IsInFile => true;

    /// <inheritdoc/>
    public override long OffsetOf(long element) => Numbers.Offset + element;

    /// <inheritdoc/>
    public override void ReadBytes(TensorSource source, long offset, Span<byte> destination) => source.ReadBytes(Numbers, offset, destination);

    /// <summary>All scales, row by row.</summary>
    public float[] ReadScales(TensorSource source)
    {
        float[] scales = new float[checked((int)Scales.ElementCount)];
        source.ReadFloat32(Scales, 0, scales);
        return scales;
    }

    /// <summary>Values from an element on.</summary>
    public void ReadValues(TensorSource source, long first, Span<float> values)
    {
        long rows = Numbers.Shape[^2], columns = Numbers.Shape[^1], scaleColumns = BlockScales.Blocks(columns);
        byte[] codes = ArrayPool<byte>.Shared.Rent((int)Math.Min(columns, values.Length));
        float[] scales = ArrayPool<float>.Shared.Rent((int)scaleColumns);
        long known = -1; // the row of scales that is held
        try
        {
            while (values.Length > 0)
            {
                long row = first / columns, column = first % columns;
                int count = (int)Math.Min(columns - column, values.Length);
                long scaleRow = (row / rows * BlockScales.Blocks(rows)) + (row % rows / BlockScales.BlockLength);
                if (scaleRow != known)
                {
                    source.ReadFloat32(Scales, scaleRow * scaleColumns, scales.AsSpan(0, (int)scaleColumns));
                    known = scaleRow;
                }

                source.ReadBytes(Numbers, first, codes.AsSpan(0, count));
                BlockFormats.F8E4M3.Dequantize(codes.AsSpan(0, count), values[..count]);
                BlockScales.MultiplyRow(values[..count], scales, column);
                values = values[count..];
                first += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(codes);
            ArrayPool<float>.Shared.Return(scales);
        }
    }
}
