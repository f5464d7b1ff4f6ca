using MoeSharp.Tensors;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Conversion;

/// <summary>Turns rows into blocks on all threads, and measures what is lost.</summary>
/// <remarks>Every row is its own item, so bytes and error are the same at any thread count.</remarks>
internal sealed class RowQuantizer(Workers workers)
{
    private const int ElementsAtOnce = 1 << 14;

    private byte[] _blocks = [];

    /// <summary>Quantises rows.</summary>
    /// <param name="format">The format.</param>
    /// <param name="values">A tensor with the rows.</param>
    /// <param name="start">First element of them.</param>
    /// <param name="length">Elements of them: whole rows.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="importance">What the columns are multiplied with, or <see cref="ColumnImportance.None"/>.</param>
    /// <param name="error">What is lost; zero for F32.</param>
    /// <returns>The blocks; valid until the next call.</returns>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public ReadOnlyMemory<byte> Run(
        BlockFormat format, Tensor values, long start, long length, int columns, ColumnImportance importance, out QuantizationError error)
    {
        int bytes = checked((int)format.BytesOf(length));
        if (_blocks.Length < bytes)
        {
            _blocks = new byte[bytes];
        }

        long rows = length / columns;
        int rowsAtOnce = (int)Math.Clamp(ElementsAtOnce / columns, 1, Math.Max(1, rows));
        int items = (int)((rows + rowsAtOnce - 1) / rowsAtOnce);
        var errors = new QuantizationError[items];
        workers.Run(items, new Work(format, values, start, length, _blocks, columns, rowsAtOnce, importance, errors));
        GC.KeepAlive(values);
        error = errors.Aggregate(default(QuantizationError), QuantizationError.Add);
        return _blocks.AsMemory(0, bytes);
    }

    private readonly struct Work(
        BlockFormat format,
        Tensor values,
        long first,
        long all,
        byte[] blocks,
        int columns,
        int rowsAtOnce,
        ColumnImportance importance,
        QuantizationError[] errors) : IWork
    {
        public void Run(int item, int worker)
        {
            long start = (long)item * rowsAtOnce * columns;
            int length = (int)Math.Min((long)rowsAtOnce * columns, all - start);
            ReadOnlySpan<float> source = values.SpanAt(first + start, length);
            Span<byte> target = blocks.AsSpan((int)format.BytesOf(start), (int)format.BytesOf(length));
            format.Quantize(source, target, importance.Squares);

            float[] back = System.Buffers.ArrayPool<float>.Shared.Rent(length);
            format.Dequantize(target, back.AsSpan(0, length));
            if (importance.HasMeans)
            {
                int rowBytes = (int)format.BytesOf(columns);
                for (int at = 0; at < length; at += columns)
                {
                    MeanCompensation.Improve(
                        format, source.Slice(at, columns), importance, target.Slice(at / columns * rowBytes, rowBytes), back.AsSpan(at, columns));
                }
            }

            double lost = 0, size = 0;
            for (int i = 0; i < length; i++)
            {
                double difference = (double)source[i] - back[i];
                lost += difference * difference;
                size += (double)source[i] * source[i];
            }

            System.Buffers.ArrayPool<float>.Shared.Return(back);
            errors[item] = new QuantizationError(lost, size);
        }
    }
}
