using System.Buffers;
using System.Runtime.InteropServices;

namespace MoeSharp.Formats.Pairs;

/// <summary>FP8 as DeepSeek-V3 is published: <c>name</c> F8_E4M3 <c>[…, R, C]</c> and <c>name_scale_inv</c> <c>[…, ⌈R/128⌉, ⌈C/128⌉]</c>, seen as
/// <c>name</c> F32 <c>[…, R, C]</c>.</summary>
/// <remarks>
/// <para>Formula: <c>value[r, c] = number[r, c] · scale[r/128, c/128]</c>, one float32 product. The two codes that are no numbers stay NaN.</para>
/// <para>Source: DeepSeek-V3, arXiv:2412.19437; Micikevicius et al. 2022, arXiv:2209.05433 (the number format).</para>
/// </remarks>
internal sealed class Fp8Pair(StoredTensor numbers, StoredTensor scales, StoredTensor seen) : TensorPair(numbers, scales, seen)
{
    /// <summary>Rows and columns that share a scale.</summary>
    public const int BlockLength = 128;

    private const string ScalesEnd = "_scale_inv";
    private static readonly float[] s_values = [.. Enumerable.Range(0, 256).Select(Value)];

    /// <summary>The pair whose numbers a tensor is; null for any other tensor.</summary>
    /// <exception cref="ModelFormatException">The scales do not fit the numbers.</exception>
    public static Fp8Pair? Find(TensorSource source, StoredTensor tensor)
    {
        if (tensor.Type != StoredType.F8E4M3 || tensor.Shape is not [.., var rows, var columns] shape
            || !source.TryFind(tensor.Name + ScalesEnd, out StoredTensor? scales))
        {
            return null;
        }

        long[] expected = [.. shape.Take(shape.Count - 2), Blocks(rows), Blocks(columns)];
        if (scales.Type is not (StoredType.F32 or StoredType.BF16 or StoredType.F16) || !scales.Shape.SequenceEqual(expected))
        {
            throw new ModelFormatException(
                scales.File, $"tensor '{scales.Name}'", scales.Offset,
                $"is {scales.Type.Name()} [{string.Join(", ", scales.Shape)}] beside numbers of [{string.Join(", ", shape)}]. "
                + $"It must be F32 [{string.Join(", ", expected)}]: a scale for each {BlockLength} × {BlockLength} numbers.");
        }

        var seen = new StoredTensor(
            tensor.Name, StoredType.F32, [.. shape], tensor.File, tensor.Offset, checked(tensor.ByteLength * sizeof(float)));
        return new Fp8Pair(tensor, scales, seen);
    }

    /// <inheritdoc/>
    public override void ReadBytes(TensorSource source, long offset, Span<byte> destination)
    {
        if (offset % sizeof(float) == 0 && destination.Length % sizeof(float) == 0)
        {
            ReadValues(source, offset / sizeof(float), MemoryMarshal.Cast<byte, float>(destination));
            return;
        }

        // Within a number: read whole ones around the range.
        int skipped = (int)(offset % sizeof(float));
        var around = new float[(skipped + (long)destination.Length + sizeof(float) - 1) / sizeof(float)];
        ReadValues(source, offset / sizeof(float), around);
        MemoryMarshal.AsBytes(around.AsSpan()).Slice(skipped, destination.Length).CopyTo(destination);
    }

    private static long Blocks(long length) => (length + BlockLength - 1) / BlockLength;

    private void ReadValues(TensorSource source, long first, Span<float> values)
    {
        long rows = Numbers.Shape[^2], columns = Numbers.Shape[^1], scaleColumns = Blocks(columns);
        byte[] codes = ArrayPool<byte>.Shared.Rent((int)Math.Min(columns, values.Length));
        float[] scales = ArrayPool<float>.Shared.Rent((int)scaleColumns);
        long known = -1; // the row of scales that is held
        try
        {
            while (values.Length > 0)
            {
                long row = first / columns, column = first % columns;
                int count = (int)Math.Min(columns - column, values.Length);
                long scaleRow = (row / rows * Blocks(rows)) + (row % rows / BlockLength);
                if (scaleRow != known)
                {
                    source.ReadFloat32(Scales, scaleRow * scaleColumns, scales.AsSpan(0, (int)scaleColumns));
                    known = scaleRow;
                }

                source.ReadBytes(Numbers, first, codes.AsSpan(0, count));
                for (int i = 0; i < count; i++)
                {
                    values[i] = s_values[codes[i]] * scales[(column + i) / BlockLength];
                }

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

    // Sign, 4 bits of exponent with bias 7, 3 of fraction; no infinities, and 0x7F of either sign is NaN.
    private static float Value(int code)
    {
        int exponent = (code >> 3) & 15, fraction = code & 7;
        float size = (exponent, fraction) switch
        {
            (15, 7) => float.NaN,
            (0, _) => MathF.ScaleB(fraction, -9),
            _ => MathF.ScaleB(8 + fraction, exponent - 10),
        };
        return code >= 128 ? -size : size;
    }
}
