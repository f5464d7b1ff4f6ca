using System.Buffers;

namespace MoeSharp.Formats.Pairs;

/// <summary>MXFP4 as gpt-oss is published: <c>name_blocks</c> U8 <c>[…, n, 16]</c> and <c>name_scales</c> U8 <c>[…, n]</c>, seen as
/// <c>name_blocks</c> MXFP4 <c>[…, 32·n]</c>.</summary>
/// <remarks>A byte of a published block has two neighbours, 2j low and 2j + 1 high; a byte of GGUF's block has elements j and j + 16. Values
/// are the same, so the weight can be multiplied as it is stored.</remarks>
internal sealed class Mxfp4Pair(StoredTensor numbers, StoredTensor scales, StoredTensor seen) : TensorPair(numbers, scales, seen)
{
    /// <summary>How the name of published blocks ends.</summary>
    public const string BlocksEnd = "_blocks";
    /// <summary>What stands in its place in the name of their scales.</summary>
    public const string ScalesEnd = "_scales";
    /// <summary>Bytes of the numbers of a block.</summary>
    public const int PublishedBytes = 16;
    /// <summary>Numbers of a block.</summary>
    public const int BlockLength = 32;
    private const int BlockBytes = 1 + PublishedBytes;
    private const int BlocksAtOnce = 4096;

    /// <summary>The pair whose numbers a tensor is; null for any other tensor.</summary>
    /// <exception cref="ModelFormatException">The scales do not fit the blocks.</exception>
    public static Mxfp4Pair? Find(TensorSource source, StoredTensor tensor)
    {
        if (tensor.Type != StoredType.U8 || !tensor.Name.EndsWith(BlocksEnd, StringComparison.Ordinal)
            || tensor.Shape is not [.., var blocks, PublishedBytes] shape
            || !source.TryFind(tensor.Name[..^BlocksEnd.Length] + ScalesEnd, out StoredTensor? scales))
        {
            return null;
        }

        if (scales.Type != StoredType.U8 || !scales.Shape.SequenceEqual(shape.Take(shape.Count - 1)))
        {
            throw new ModelFormatException(
                scales.File, $"tensor '{scales.Name}'", scales.Offset,
                $"is {scales.Type.Name()} [{string.Join(", ", scales.Shape)}] beside blocks of [{string.Join(", ", shape)}]. "
                + $"It must be U8 [{string.Join(", ", shape.Take(shape.Count - 1))}].");
        }

        long[] seenShape = [.. shape.Take(shape.Count - 2), blocks * BlockLength];
        var seen = new StoredTensor(
            tensor.Name, StoredType.MXFP4, seenShape, tensor.File, tensor.Offset, tensor.ByteLength / PublishedBytes * BlockBytes);
        return new Mxfp4Pair(tensor, scales, seen);
    }

    /// <inheritdoc/>
    public override long OffsetOf(long element) => Numbers.Offset + (element / BlockLength * PublishedBytes);

    /// <inheritdoc/>
    public override void ReadBytes(TensorSource source, long offset, Span<byte> destination)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(BlocksAtOnce * (PublishedBytes + 1 + BlockBytes));
        try
        {
            while (destination.Length > 0)
            {
                long first = offset / BlockBytes;
                int skipped = (int)(offset % BlockBytes);
                int count = (int)Math.Min(BlocksAtOnce, ((long)skipped + destination.Length + BlockBytes - 1) / BlockBytes);
                Span<byte> numbers = rented.AsSpan(0, count * PublishedBytes);
                Span<byte> scales = rented.AsSpan(BlocksAtOnce * PublishedBytes, count);
                Span<byte> blocks = rented.AsSpan(BlocksAtOnce * (PublishedBytes + 1), count * BlockBytes);
                source.ReadBytes(Numbers, first * PublishedBytes, numbers);
                source.ReadBytes(Scales, first, scales);
                for (int i = 0; i < count; i++)
                {
                    blocks[i * BlockBytes] = scales[i];
                    Reorder(numbers.Slice(i * PublishedBytes, PublishedBytes), blocks.Slice((i * BlockBytes) + 1, PublishedBytes));
                }

                int taken = Math.Min(blocks.Length - skipped, destination.Length);
                blocks.Slice(skipped, taken).CopyTo(destination);
                destination = destination[taken..];
                offset += taken;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Takes blocks of GGUF apart, into what is published.</summary>
    /// <param name="blocks">Whole blocks of 17 bytes.</param>
    /// <param name="numbers">16 bytes a block.</param>
    /// <param name="scales">One a block.</param>
    public static void Split(ReadOnlySpan<byte> blocks, Span<byte> numbers, Span<byte> scales)
    {
        for (int i = 0; i < scales.Length; i++)
        {
            ReadOnlySpan<byte> halves = blocks.Slice((i * BlockBytes) + 1, PublishedBytes);
            Span<byte> neighbours = numbers.Slice(i * PublishedBytes, PublishedBytes);
            scales[i] = blocks[i * BlockBytes];
            for (int j = 0; j < PublishedBytes / 2; j++)
            {
                byte first = halves[2 * j], second = halves[(2 * j) + 1];
                neighbours[j] = (byte)((first & 0x0F) | (second << 4));
                neighbours[j + (PublishedBytes / 2)] = (byte)((first >> 4) | (second & 0xF0));
            }
        }
    }

    private static void Reorder(ReadOnlySpan<byte> neighbours, Span<byte> halves)
    {
        for (int i = 0; i < PublishedBytes / 2; i++)
        {
            byte early = neighbours[i], late = neighbours[i + (PublishedBytes / 2)]; // elements 2i, 2i + 1; 16 more
            halves[2 * i] = (byte)((early & 0x0F) | (late << 4));
            halves[(2 * i) + 1] = (byte)((early >> 4) | (late & 0xF0));
        }
    }
}
