using MoeSharp.Formats;
using MoeSharp.Formats.Pairs;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Conversion;

/// <summary>Writes planned tensors into the safetensors of a folder, each in the format that was chosen for it.</summary>
/// <remarks>A tensor of MXFP4 becomes two, blocks and scales, as gpt-oss is published; blocks that are stored already are taken as they
/// are.</remarks>
internal static class FolderWeights
{
    /// <summary>True for the name of a tensor that is published as blocks beside scales.</summary>
    public static bool IsPair(string name) => name.EndsWith(Mxfp4Pair.BlocksEnd, StringComparison.Ordinal);

    /// <summary>Writes the files; they appear when all are complete. A model that is there stays whole until then, and then loses its
    /// configuration, without which it is none.</summary>
    /// <returns>What was written.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing stays.</exception>
    /// <exception cref="ModelFormatException">A weight is not finite and its new format cannot hold that.</exception>
    public static List<QuantizedTensor> Write(
        string folder, List<PlannedTensor> tensors, BlockFormat[] formats, ConversionOptions options, CancellationToken cancellation)
    {
        var report = new List<QuantizedTensor>();
        long total = tensors.Sum(tensor => tensor.Length), done = 0;
        var quantizer = new RowQuantizer(options.Workers ?? Tensors.Workers.Default);
        using var writer = new ShardedSafetensorsWriter(folder, tensors.SelectMany((tensor, i) => EntriesOf(tensor, formats[i])), options.ShardBytes);
        for (int i = 0; i < tensors.Count; i++)
        {
            PlannedTensor tensor = tensors[i];
            var progress = new Steps(tensor.Name, done, total, options.Progress, cancellation);
            QuantizationError error = IsPair(tensor.Name)
                ? WritePair(writer, tensor, formats[i], quantizer, progress)
                : WriteFloats(writer, tensor, formats[i], quantizer, progress);
            done += tensor.Length;
            report.Add(new QuantizedTensor(
                tensor.Name, tensor.Part, tensor.StoredAs?.Name() ?? "several types", formats[i].Name, tensor.Length, tensor.StoredBytes,
                formats[i].BytesOf(tensor.Length), error, null));
        }

        cancellation.ThrowIfCancellationRequested();
        File.Delete(Path.Combine(folder, DecoderFolder.ConfigName));
        writer.Commit();
        return report;
    }

    private static IEnumerable<SafetensorsEntry> EntriesOf(PlannedTensor tensor, BlockFormat format)
    {
        if (!IsPair(tensor.Name))
        {
            yield return new SafetensorsEntry(tensor.Name, StoredTypeFacts.OfFormat(format), [.. tensor.Shape]);
            yield break;
        }

        long[] shape = [.. tensor.Shape.Take(tensor.Shape.Count - 1), tensor.Columns / format.BlockLength];
        yield return new SafetensorsEntry(tensor.Name, StoredType.U8, [.. shape, Mxfp4Pair.PublishedBytes]);
        yield return new SafetensorsEntry(ScalesOf(tensor.Name), StoredType.U8, shape);
    }

    private static QuantizationError WriteFloats(
        ShardedSafetensorsWriter writer, PlannedTensor tensor, BlockFormat format, RowQuantizer quantizer, Steps steps)
    {
        QuantizationError error = default;
        foreach (ValuePiece piece in tensor.Pieces())
        {
            steps.Tell(piece.First);
            if (format != BlockFormats.F32)
            {
                quantizer.Run(format, piece.Values, 0, piece.Values.Length, checked((int)tensor.Columns), ColumnImportance.None, out QuantizationError lost);
                error += lost;
            }

            writer.Write(tensor.Name, piece.Values);
            steps.Tell(piece.First + piece.Values.Length);
        }

        return error;
    }

    private static QuantizationError WritePair(
        ShardedSafetensorsWriter writer, PlannedTensor tensor, BlockFormat format, RowQuantizer quantizer, Steps steps)
    {
        byte[] numbers = [], scales = [];
        QuantizationError error = default;
        if (tensor.StoredAs?.Format() == format && tensor.RawBytes() is { } raw)
        {
            long done = 0;
            foreach (ReadOnlyMemory<byte> blocks in raw)
            {
                steps.Tell(done);
                Write(blocks.Span);
                done += blocks.Length / format.BlockBytes * format.BlockLength;
            }

            steps.Tell(done);
            return error;
        }

        foreach (ValuePiece piece in tensor.Pieces())
        {
            steps.Tell(piece.First);
            try
            {
                Write(quantizer.Run(format, piece.Values, 0, piece.Values.Length, checked((int)tensor.Columns), ColumnImportance.None, out QuantizationError lost).Span);
                error += lost;
            }
            catch (ArgumentException fault)
            {
                throw new ModelFormatException(tensor.Name, null, null, fault.Message + " The weights of the source are damaged.", fault);
            }

            steps.Tell(piece.First + piece.Values.Length);
        }

        return error;

        void Write(ReadOnlySpan<byte> blocks)
        {
            int count = blocks.Length / format.BlockBytes;
            numbers = numbers.Length >= count * Mxfp4Pair.PublishedBytes ? numbers : new byte[count * Mxfp4Pair.PublishedBytes];
            scales = scales.Length >= count ? scales : new byte[count];
            Mxfp4Pair.Split(blocks, numbers.AsSpan(0, count * Mxfp4Pair.PublishedBytes), scales.AsSpan(0, count));
            writer.WriteBytes(tensor.Name, numbers.AsSpan(0, count * Mxfp4Pair.PublishedBytes));
            writer.WriteBytes(ScalesOf(tensor.Name), scales.AsSpan(0, count));
        }
    }

    private static string ScalesOf(string blocks) => blocks[..^Mxfp4Pair.BlocksEnd.Length] + Mxfp4Pair.ScalesEnd;

    /// <summary>Tells how far a tensor is, and stops where that is asked.</summary>
    private sealed class Steps(string tensor, long before, long total, IProgress<ConversionProgress>? progress, CancellationToken cancellation)
    {
        public void Tell(long done)
        {
            cancellation.ThrowIfCancellationRequested();
            if (done > 0)
            {
                progress?.Report(new ConversionProgress(tensor, before + done, total));
            }
        }
    }
}
