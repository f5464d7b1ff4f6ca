using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MoeSharp.Tensors.Kernels;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Formats;

/// <summary>Turns stored bytes into float32 or integers, a megabyte at a time.</summary>
/// <remarks>
/// <para>Values are little-endian, as in every format we read; .NET runs on little-endian machines only where we do.</para>
/// <para>F32 is read straight into the destination; the others pass through a rented buffer of <see cref="ChunkBytes"/>, small
/// enough to stay in the cache between reading and converting.</para>
/// </remarks>
internal static class StoredTensorDecoder
{
    /// <summary>Bytes read at once: large against the cost of a system call, small against a cache.</summary>
    internal const int ChunkBytes = 1 << 18;

    private const int MaxBlockLength = 256;

    public static void ReadFloat32(TensorSource source, StoredTensor tensor, long first, Span<float> destination)
    {
        CheckRange(tensor, first, destination.Length);
        switch (tensor.Type)
        {
            case StoredType.F32:
                ReadRaw(source, tensor, first, destination);
                break;
            case StoredType.BF16:
                Convert<ushort, float>(source, tensor, first, destination, BFloat16Kernel.Widen);
                break;
            case StoredType.F16:
                Convert<ushort, float>(source, tensor, first, destination, Float16Kernel.Widen);
                break;
            case StoredType.F64:
                Convert<double, float>(source, tensor, first, destination, static (x, y) => Cast(x, y, static v => (float)v));
                break;
            case StoredType.F8E4M3 when source.ReadFloat8(tensor, first, destination):
                break;
            default:
                if (tensor.Type == StoredType.F8E4M3 || tensor.Type.Format() is not { } format)
                {
                    throw Unreadable(tensor, "float32", "F32, BF16, F16, F64, F8_E4M3 with scales, and the block types of GGUF");
                }

                ReadBlocks(source, tensor, format, first, destination);
                break;
        }
    }

    public static void ReadInt64(TensorSource source, StoredTensor tensor, long first, Span<long> destination)
    {
        CheckRange(tensor, first, destination.Length);
        switch (tensor.Type)
        {
            case StoredType.I64:
                ReadRaw(source, tensor, first, destination);
                break;
            case StoredType.I32:
                Convert<int, long>(source, tensor, first, destination, static (x, y) => Cast(x, y, static v => (long)v));
                break;
            case StoredType.U32:
                Convert<uint, long>(source, tensor, first, destination, static (x, y) => Cast(x, y, static v => (long)v));
                break;
            case StoredType.I16:
                Convert<short, long>(source, tensor, first, destination, static (x, y) => Cast(x, y, static v => (long)v));
                break;
            case StoredType.U16:
                Convert<ushort, long>(source, tensor, first, destination, static (x, y) => Cast(x, y, static v => (long)v));
                break;
            case StoredType.I8:
                Convert<sbyte, long>(source, tensor, first, destination, static (x, y) => Cast(x, y, static v => (long)v));
                break;
            case StoredType.U8:
            case StoredType.Bool:
                Convert<byte, long>(source, tensor, first, destination, static (x, y) => Cast(x, y, static v => (long)v));
                break;
            default:
                throw Unreadable(tensor, "integers", "BOOL, U8, I8, I16, U16, I32, U32 and I64");
        }
    }

    public static void ReadInt32(TensorSource source, StoredTensor tensor, long first, Span<int> destination)
    {
        CheckRange(tensor, first, destination.Length);
        if (tensor.Type == StoredType.I32)
        {
            ReadRaw(source, tensor, first, destination);
            return;
        }

        long[] wide = ArrayPool<long>.Shared.Rent(ChunkBytes / sizeof(long));
        try
        {
            for (int done = 0; done < destination.Length;)
            {
                int count = Math.Min(destination.Length - done, ChunkBytes / sizeof(long));
                ReadInt64(source, tensor, first + done, wide.AsSpan(0, count));
                for (int i = 0; i < count; i++)
                {
                    if (wide[i] is < int.MinValue or > int.MaxValue)
                    {
                        long offset = tensor.Offset + ((first + done + i) * tensor.Type.Bits() / 8);
                        throw new ModelFormatException(tensor.File, $"tensor '{tensor.Name}'", offset,
                            $"holds {wide[i]}, which does not fit in 32 bits.");
                    }

                    destination[done + i] = (int)wide[i];
                }

                done += count;
            }
        }
        finally
        {
            ArrayPool<long>.Shared.Return(wide);
        }
    }

    /// <summary>Whole blocks are dequantised in place; a range that starts or ends inside a block takes its part of it.</summary>
    private static void ReadBlocks(TensorSource source, StoredTensor tensor, BlockFormat format, long first, Span<float> destination)
    {
        int length = format.BlockLength, chunk = Math.Max(ChunkBytes / format.BlockBytes, 1);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(chunk, (destination.Length / length) + 1) * format.BlockBytes);
        Span<float> whole = stackalloc float[MaxBlockLength];
        whole = whole[..length];
        try
        {
            while (destination.Length > 0)
            {
                long block = first / length;
                int skip = (int)(first % length);
                int blocks = skip > 0 ? 0 : Math.Min(destination.Length / length, chunk);
                Span<byte> bytes = buffer.AsSpan(0, Math.Max(blocks, 1) * format.BlockBytes);
                source.ReadBytes(tensor, block * format.BlockBytes, bytes);
                int count = blocks * length;
                if (blocks > 0)
                {
                    format.Dequantize(bytes, destination[..count]);
                }
                else
                {
                    format.Dequantize(bytes, whole);
                    count = Math.Min(length - skip, destination.Length);
                    whole.Slice(skip, count).CopyTo(destination);
                }

                destination = destination[count..];
                first += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void ReadRaw<T>(TensorSource source, StoredTensor tensor, long first, Span<T> destination)
        where T : unmanaged
    {
        // In pieces: the bytes of a long span are more than a span of bytes holds.
        const int Piece = 1 << 24;
        for (int done = 0; done < destination.Length; done += Math.Min(Piece, destination.Length - done))
        {
            Span<T> part = destination.Slice(done, Math.Min(Piece, destination.Length - done));
            source.ReadBytes(tensor, (first + done) * Unsafe.SizeOf<T>(), MemoryMarshal.AsBytes(part));
        }
    }

    private delegate void Conversion<TFrom, TTo>(ReadOnlySpan<TFrom> source, Span<TTo> destination);

    private static void Convert<TFrom, TTo>(
        TensorSource source, StoredTensor tensor, long first, Span<TTo> destination, Conversion<TFrom, TTo> conversion)
        where TFrom : unmanaged
    {
        int size = Unsafe.SizeOf<TFrom>();
        int chunk = ChunkBytes / size;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(chunk, Math.Max(destination.Length, 1)) * size);
        try
        {
            for (int done = 0; done < destination.Length;)
            {
                int count = Math.Min(destination.Length - done, chunk);
                Span<byte> bytes = buffer.AsSpan(0, count * size);
                source.ReadBytes(tensor, (first + done) * size, bytes);
                conversion(MemoryMarshal.Cast<byte, TFrom>(bytes), destination.Slice(done, count));
                done += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Cast<TFrom, TTo>(ReadOnlySpan<TFrom> source, Span<TTo> destination, Func<TFrom, TTo> cast)
    {
        for (int i = 0; i < source.Length; i++)
        {
            destination[i] = cast(source[i]);
        }
    }

    private static void CheckRange(StoredTensor tensor, long first, int count)
    {
        if (first < 0 || first > tensor.ElementCount - count)
        {
            throw new ArgumentOutOfRangeException(nameof(first),
                $"tensor '{tensor.Name}': elements {first}..{first + count} were asked for, it has {tensor.ElementCount}.");
        }
    }

    private static ModelFormatException Unreadable(StoredTensor tensor, string wanted, string allowed)
    {
        return new ModelFormatException(tensor.File, $"tensor '{tensor.Name}'", tensor.Offset,
            $"has type {tensor.Type.Name()}, which cannot be read as {wanted}. Only {allowed} can.");
    }
}
