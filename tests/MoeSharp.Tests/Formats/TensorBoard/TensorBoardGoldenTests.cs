using System.Buffers;
using System.Globalization;
using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Formats.Protobuf;
using MoeSharp.Formats.TensorBoard;

namespace MoeSharp.Tests.Formats.TensorBoard;

/// <summary>Files of torch 2.15.0 (tensorboard 2.21.0) and tensorboardX 2.6.5, record by record: Golden/Data/tensorboard/events.json.</summary>
public sealed class TensorBoardGoldenTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "tensorboard");

    public static TheoryData<string> Files { get; } = ["events.out.tfevents.1700000000.torch", "events.out.tfevents.1700000000.tensorboardx"];

    [Fact]
    public void Checksums_are_those_of_three_libraries()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_folder, "crc32c.json")));
        JsonElement vectors = document.RootElement.GetProperty("vectors");
        vectors.GetArrayLength().ShouldBe(14);
        foreach (JsonElement vector in vectors.EnumerateArray())
        {
            // One vector is written as "78 repeated 1000 times".
            string[] hex = vector.GetProperty("hex").GetString()!.Split(" repeated ");
            int times = hex.Length == 1 ? 1 : int.Parse(hex[1].Split(' ')[0]);
            byte[] bytes = [.. Enumerable.Repeat(Convert.FromHexString(hex[0]), times).SelectMany(static part => part)];
            bytes.Length.ShouldBe(vector.GetProperty("bytes").GetInt32());
            string what = vector.GetProperty("what").GetString()!;
            Crc32C.Compute(bytes).ShouldBe(vector.GetProperty("crc32c").GetUInt32(), what);
            Crc32C.Masked(bytes).ShouldBe(vector.GetProperty("masked").GetUInt32(), what);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_record_reads_as_listed_and_writes_the_same_bytes(string name)
    {
        JsonElement[] expected = Records(name);
        EventRecord[] records = [.. EventFileReader.Read(Path.Combine(s_folder, name))];
        var rewritten = new ArrayBufferWriter<byte>();
        var message = new ProtobufWriter();
        records.Length.ShouldBe(expected.Length);
        for (int i = 0; i < records.Length; i++)
        {
            Compare(records[i], expected[i].GetProperty("event"));
            EventCodec.Encode(records[i], message);
            Convert.ToHexStringLower(message.Written).ShouldBe(expected[i].GetProperty("data_hex").GetString());
            rewritten.WrittenCount.ShouldBe(expected[i].GetProperty("offset").GetInt32());
            EventFileWriter.Frame(message.Written, rewritten);
        }

        rewritten.WrittenSpan.SequenceEqual(File.ReadAllBytes(Path.Combine(s_folder, name))).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_changed_byte_is_noticed(string name)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(s_folder, name));
        long[] starts = [.. Records(name).Select(record => record.GetProperty("offset").GetInt64())];
        using var folder = new TemporaryFolder();
        for (int i = 0; i < bytes.Length; i += 3)
        {
            bytes[i] ^= 0x10;
            File.WriteAllBytes(folder["e"], bytes);
            bytes[i] ^= 0x10;

            var fault = Should.Throw<ModelFormatException>(() => EventFileReader.Read(folder["e"], allowCutTail: true).Count());
            fault.Message.ShouldContain("wrong checksum", customMessage: $"byte {i}");
            fault.Offset.ShouldBe(starts.Last(offset => offset <= i));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_cut_file_gives_the_whole_records_before_the_cut(string name)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(s_folder, name));
        int[] ends = [0, .. Records(name).Select(record => record.GetProperty("end").GetInt32())];
        using var folder = new TemporaryFolder();
        for (int length = 0; length < bytes.Length; length += 5)
        {
            File.WriteAllBytes(folder["e"], bytes.AsSpan(0, length));
            int whole = ends.Count(end => end <= length) - 1;

            EventFileReader.Read(folder["e"], allowCutTail: true).Count().ShouldBe(whole);
            if (!ends.Contains(length))
            {
                Should.Throw<ModelFormatException>(() => EventFileReader.Read(folder["e"]).Count()).Message.ShouldContain("cut short");
            }
        }
    }

    private static JsonElement[] Records(string name)
    {
        JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_folder, "events.json")));
        return [.. document.RootElement.GetProperty("files").GetProperty(name).GetProperty("records").EnumerateArray()];
    }

    private static void Compare(EventRecord record, JsonElement expected)
    {
        record.WallTime.ShouldBe(expected.GetProperty("wall_time").GetDouble());
        record.Step.ShouldBe(expected.GetProperty("step").GetInt64());
        record.FileVersion.ShouldBe(Text(expected, "file_version"));
        record.SourceWriter.ShouldBe(Text(expected, "source_metadata_writer"));
        JsonElement[] values = expected.TryGetProperty("summary", out JsonElement summary) ? [.. summary.EnumerateArray()] : [];
        record.Values.Count.ShouldBe(values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            SummaryValue value = record.Values[i];
            value.Tag.ShouldBe(values[i].GetProperty("tag").GetString());
            switch (values[i].GetProperty("kind").GetString())
            {
                case "simple_value":
                    BitConverter.SingleToUInt32Bits(value.Scalar!.Value).ShouldBe(
                        uint.Parse(values[i].GetProperty("simple_value_bits").GetString()!, NumberStyles.HexNumber));
                    break;
                case "histo":
                    Compare(value.Histogram!, values[i].GetProperty("histo"));
                    break;
                default:
                    JsonElement tensor = values[i].GetProperty("tensor");
                    value.Plugin.ShouldBe(values[i].GetProperty("metadata").GetProperty("plugin_name").GetString());
                    value.Tensor!.Type.ShouldBe(tensor.GetProperty("dtype_number").GetInt32());
                    value.Tensor.Texts.ShouldBe(Array(tensor, "string_val").Select(text => text.GetString()!));
                    value.Tensor.Floats.ShouldBe(Array(tensor, "float_val").Select(number => number.GetSingle()));
                    break;
            }
        }
    }

    private static void Compare(SummaryHistogram histogram, JsonElement expected)
    {
        double[] moments = [histogram.Min, histogram.Max, histogram.Count, histogram.Sum, histogram.SumOfSquares];
        string[] names = ["min", "max", "num", "sum", "sum_squares"];
        moments.ShouldBe(names.Select(name => expected.GetProperty(name).GetDouble()));
        histogram.BucketLimits.ShouldBe(Array(expected, "bucket_limit").Select(limit => limit.GetDouble()));
        histogram.Buckets.ShouldBe(Array(expected, "bucket").Select(count => count.GetDouble()));
    }

    private static JsonElement[] Array(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement array) ? [.. array.EnumerateArray()] : [];

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement text) ? text.GetString() : null;
}
