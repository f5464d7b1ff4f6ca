using MoeSharp.Formats.Protobuf;

namespace MoeSharp.Formats.TensorBoard;

/// <summary>Event ↔ protobuf bytes, for the parts of TensorBoard's messages that are written here.</summary>
/// <remarks>
/// <para>Fields (number): Event 1 wall_time, 2 step, 3 file_version, 5 summary, 10 source_metadata. Summary 1 value. Value 1 tag,
/// 2 simple_value, 5 histo, 8 tensor, 9 metadata. HistogramProto 1–5 min max num sum sum_squares, 6 bucket_limit, 7 bucket.
/// TensorProto 1 dtype, 2 shape, 5 float_val, 8 string_val.</para>
/// <para>Step 0 is the default and not written; a scalar 0 is (it belongs to a oneof). Unknown fields are skipped.</para>
/// <para>Source: tensorboard/compat/proto/event.proto, summary.proto, tensor.proto (tensorboard 2.21.0).</para>
/// </remarks>
internal static class EventCodec
{
    public static void Encode(EventRecord record, ProtobufWriter target)
    {
        target.Clear();
        target.Double(1, record.WallTime);
        if (record.Step != 0)
        {
            target.Varint(2, unchecked((ulong)record.Step));
        }

        if (record.FileVersion is not null)
        {
            target.Text(3, record.FileVersion);
        }

        if (record.Values.Count > 0)
        {
            var summary = new ProtobufWriter();
            foreach (SummaryValue value in record.Values)
            {
                summary.Message(1, Encode(value));
            }

            target.Message(5, summary);
        }

        if (record.SourceWriter is not null)
        {
            target.Message(10, Message(1, record.SourceWriter));
        }
    }

    /// <exception cref="InvalidDataException">The bytes are no Event.</exception>
    public static EventRecord Decode(ReadOnlySpan<byte> bytes)
    {
        (double wallTime, long step, string? version, string? source) = (0, 0, null, null);
        var values = new List<SummaryValue>();
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, 1):
                    wallTime = reader.Double;
                    break;
                case (2, 0):
                    step = unchecked((long)reader.Bits);
                    break;
                case (3, 2):
                    version = reader.Text;
                    break;
                case (5, 2):
                    DecodeSummary(reader.Bytes, values);
                    break;
                case (10, 2):
                    source = FirstText(reader.Bytes);
                    break;
                default:
                    break;
            }
        }

        return new EventRecord(wallTime, step) { FileVersion = version, SourceWriter = source, Values = values };
    }

    private static ProtobufWriter Encode(SummaryValue value)
    {
        var message = new ProtobufWriter();
        message.Text(1, value.Tag);
        if (value.Scalar is float scalar)
        {
            message.Float(2, scalar);
        }

        if (value.Histogram is SummaryHistogram histogram)
        {
            message.Message(5, Encode(histogram));
        }

        if (value.Tensor is SummaryTensor tensor)
        {
            message.Message(8, Encode(tensor));
        }

        if (value.Plugin is not null)
        {
            var metadata = new ProtobufWriter();
            metadata.Message(1, Message(1, value.Plugin));
            message.Message(9, metadata);
        }

        return message;
    }

    private static ProtobufWriter Encode(SummaryHistogram histogram)
    {
        var message = new ProtobufWriter();
        double[] moments = [histogram.Min, histogram.Max, histogram.Count, histogram.Sum, histogram.SumOfSquares];
        for (int i = 0; i < moments.Length; i++)
        {
            // Positive zero is the default of these fields and not written; negative zero is another value.
            if (BitConverter.DoubleToInt64Bits(moments[i]) != 0)
            {
                message.Double(i + 1, moments[i]);
            }
        }

        if (histogram.BucketLimits.Count > 0)
        {
            message.Packed(6, histogram.BucketLimits);
            message.Packed(7, histogram.Buckets);
        }

        return message;
    }

    private static ProtobufWriter Encode(SummaryTensor tensor)
    {
        var message = new ProtobufWriter();
        message.Varint(1, (ulong)tensor.Type);
        if (tensor.Shape is not null)
        {
            var shape = new ProtobufWriter();
            foreach (long size in tensor.Shape)
            {
                var dimension = new ProtobufWriter();
                dimension.Varint(1, (ulong)size);
                shape.Message(2, dimension);
            }

            message.Message(2, shape);
        }

        if (tensor.Floats.Count > 0)
        {
            message.Packed(5, tensor.Floats);
        }

        foreach (string text in tensor.Texts)
        {
            message.Text(8, text);
        }

        return message;
    }

    private static ProtobufWriter Message(int field, string text)
    {
        var message = new ProtobufWriter();
        message.Text(field, text);
        return message;
    }

    private static void DecodeSummary(ReadOnlySpan<byte> bytes, List<SummaryValue> values)
    {
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            if ((reader.Field, reader.WireType) == (1, 2))
            {
                values.Add(DecodeValue(reader.Bytes));
            }
        }
    }

    private static SummaryValue DecodeValue(ReadOnlySpan<byte> bytes)
    {
        var value = new SummaryValue("");
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            value = (reader.Field, reader.WireType) switch
            {
                (1, 2) => value with { Tag = reader.Text },
                (2, 5) => value with { Scalar = reader.Float },
                (5, 2) => value with { Histogram = DecodeHistogram(reader.Bytes) },
                (8, 2) => value with { Tensor = DecodeTensor(reader.Bytes) },
                (9, 2) => value with { Plugin = DecodePlugin(reader.Bytes) },
                _ => value,
            };
        }

        return value;
    }

    private static SummaryHistogram DecodeHistogram(ReadOnlySpan<byte> bytes)
    {
        Span<double> moments = stackalloc double[5];
        moments.Clear();
        (List<double> limits, List<double> buckets) = ([], []);
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field, reader.WireType)
            {
                case ( >= 1 and <= 5, 1):
                    moments[reader.Field - 1] = reader.Double;
                    break;
                case (6, 1 or 2):
                    reader.AddTo(limits);
                    break;
                case (7, 1 or 2):
                    reader.AddTo(buckets);
                    break;
                default:
                    break;
            }
        }

        return new SummaryHistogram(moments[0], moments[1], moments[2], moments[3], moments[4], limits, buckets);
    }

    private static SummaryTensor DecodeTensor(ReadOnlySpan<byte> bytes)
    {
        int type = 0;
        List<long>? shape = null;
        (List<float> floats, List<string> texts) = ([], []);
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, 0):
                    type = (int)reader.Bits;
                    break;
                case (2, 2):
                    shape = DecodeShape(reader.Bytes);
                    break;
                case (5, 2 or 5):
                    reader.AddTo(floats);
                    break;
                case (8, 2):
                    texts.Add(reader.Text);
                    break;
                default:
                    break;
            }
        }

        return new SummaryTensor(type, shape, floats, texts);
    }

    private static List<long> DecodeShape(ReadOnlySpan<byte> bytes)
    {
        var sizes = new List<long>();
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            if ((reader.Field, reader.WireType) != (2, 2))
            {
                continue;
            }

            long size = 0;
            var dimension = new ProtobufReader(reader.Bytes);
            while (dimension.Next())
            {
                size = (dimension.Field, dimension.WireType) == (1, 0) ? unchecked((long)dimension.Bits) : size;
            }

            sizes.Add(size);
        }

        return sizes;
    }

    private static string? DecodePlugin(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            if ((reader.Field, reader.WireType) == (1, 2))
            {
                return FirstText(reader.Bytes);
            }
        }

        return null;
    }

    private static string? FirstText(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            if ((reader.Field, reader.WireType) == (1, 2))
            {
                return reader.Text;
            }
        }

        return null;
    }
}
