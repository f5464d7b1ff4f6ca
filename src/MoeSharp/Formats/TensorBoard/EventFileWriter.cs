using System.Buffers;
using System.Buffers.Binary;
using MoeSharp.Formats.Protobuf;

namespace MoeSharp.Formats.TensorBoard;

/// <summary>Writes one TensorBoard event file: scalars, histograms and texts over steps.</summary>
/// <remarks>
/// <para>Each start of a run, a resumed one too, writes a new file <c>events.out.tfevents.&lt;unix seconds&gt;.&lt;host&gt;.&lt;pid&gt;.&lt;n&gt;</c>
/// in the same folder; TensorBoard joins the files of a folder in the order of their names, so an old file is never touched.</para>
/// <para>Record: length (8 bytes), masked CRC-32C of the length, Event message, masked CRC-32C of the message. Whole records
/// are handed to the system at <see cref="Flush"/> and whenever 64 KiB are waiting, so a killed process leaves whole records.</para>
/// <para>Not safe for concurrent use.</para>
/// <para>Source: TensorFlow <c>lib/io/record_writer.h</c>; tensorboard 2.21.0 <c>event_file_writer.py</c>.</para>
/// </remarks>
public sealed class EventFileWriter : IDisposable
{
    private const int FlushBytes = 1 << 16;

    private readonly TimeProvider _time;
    private readonly FileStream _stream;
    private readonly ArrayBufferWriter<byte> _waiting = new();
    private readonly ProtobufWriter _message = new();

    /// <summary>Creates the file and writes its version record.</summary>
    /// <param name="folder">Folder of the run; created when missing.</param>
    /// <param name="time">Clock for the file name and the wall times; <see langword="null"/> is the system's.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public EventFileWriter(string folder, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        Directory.CreateDirectory(folder);
        _stream = CreateFile(folder, _time.GetUtcNow());
        Write(new EventRecord(WallTime(), 0) { FileVersion = "brain.Event:2" });
        Flush();
    }

    /// <summary>Path of the file.</summary>
    public string Path => _stream.Name;

    /// <summary>Writes a number.</summary>
    /// <param name="tag">Name of the series; a slash makes groups: <c>loss/train</c>.</param>
    /// <param name="step">Training step, at least 0.</param>
    /// <param name="value">Stored as float32; NaN and infinities are kept, TensorBoard marks them.</param>
    public void WriteScalar(string tag, long step, double value) =>
        Write(new EventRecord(WallTime(), step) { Values = [new SummaryValue(tag) { Scalar = (float)value }] });

    /// <summary>Writes several numbers of one step as one record.</summary>
    public void WriteScalars(long step, IEnumerable<KeyValuePair<string, double>> values) =>
        Write(new EventRecord(WallTime(), step)
        {
            Values = [.. values.Select(static pair => new SummaryValue(pair.Key) { Scalar = (float)pair.Value })],
        });

    /// <summary>Writes a distribution.</summary>
    /// <exception cref="ArgumentException">There are not as many buckets as edges.</exception>
    public void WriteHistogram(string tag, long step, SummaryHistogram histogram)
    {
        if (histogram.BucketLimits.Count != histogram.Buckets.Count)
        {
            throw new ArgumentException(
                $"tensorboard: histogram '{tag}' has {histogram.BucketLimits.Count} edges and {histogram.Buckets.Count} buckets. They must be equally many.");
        }

        Write(new EventRecord(WallTime(), step) { Values = [new SummaryValue(tag) { Histogram = histogram }] });
    }

    /// <summary>Writes a text, shown as Markdown; the tag gets <c>/text_summary</c> appended, as other writers do.</summary>
    public void WriteText(string tag, long step, string text) =>
        Write(new EventRecord(WallTime(), step)
        {
            Values =
            [
                new SummaryValue(tag + "/text_summary")
                {
                    Tensor = new SummaryTensor(SummaryTensor.TextType, [1], [], [text]),
                    Plugin = "text",
                },
            ],
        });

    /// <summary>Hands everything written so far to the system; a reader sees it from here on.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Flush()
    {
        _stream.Write(_waiting.WrittenSpan);
        _waiting.ResetWrittenCount();
    }

    /// <summary>Flushes and closes.</summary>
    public void Dispose()
    {
        Flush();
        _stream.Dispose();
    }

    /// <summary>Frames one event and queues it.</summary>
    internal void Write(EventRecord record)
    {
        EventCodec.Encode(record, _message);
        Frame(_message.Written, _waiting);
        if (_waiting.WrittenCount >= FlushBytes)
        {
            Flush();
        }
    }

    /// <summary>Length, checksum, message, checksum.</summary>
    internal static void Frame(ReadOnlySpan<byte> message, ArrayBufferWriter<byte> target)
    {
        Span<byte> span = target.GetSpan(message.Length + 16);
        BinaryPrimitives.WriteUInt64LittleEndian(span, (ulong)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(span[8..], Crc32C.Masked(span[..8]));
        message.CopyTo(span[12..]);
        BinaryPrimitives.WriteUInt32LittleEndian(span[(12 + message.Length)..], Crc32C.Masked(message));
        target.Advance(message.Length + 16);
    }

    private double WallTime() => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / (double)TimeSpan.TicksPerSecond;

    private static FileStream CreateFile(string folder, DateTimeOffset now)
    {
        // n counts up where a process opens a second file within the same second.
        for (int n = 0; ; n++)
        {
            string path = System.IO.Path.Combine(
                folder, $"events.out.tfevents.{now.ToUnixTimeSeconds():D10}.{Environment.MachineName}.{Environment.ProcessId}.{n}");
            try
            {
                return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);
            }
            catch (IOException) when (File.Exists(path))
            {
            }
        }
    }
}
