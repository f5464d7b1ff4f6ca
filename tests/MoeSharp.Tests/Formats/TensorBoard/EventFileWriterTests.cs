using MoeSharp.Formats.TensorBoard;

namespace MoeSharp.Tests.Formats.TensorBoard;

public sealed class EventFileWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_written_reads_back()
    {
        var histogram = new SummaryHistogram(0, 3, 4, 6, 14, [0, 1, 2, 3], [1, 1, 1, 1]);
        string path;
        using (var writer = new EventFileWriter(_folder["run"], new FixedTime(1_700_000_000.5)))
        {
            path = writer.Path;
            writer.WriteScalar("loss/train", 0, 2.5);
            writer.WriteScalar("lr", long.MaxValue, double.NaN);
            writer.WriteScalars(3, new Dictionary<string, double> { ["a"] = -0.0, ["b"] = 1e30 });
            writer.WriteHistogram("load", 4, histogram);
            writer.WriteText("notes", 5, "größe 🙂");
            Should.Throw<ArgumentException>(() => writer.WriteHistogram("load", 4, histogram with { Buckets = [1] })).Message.ShouldContain("4 edges and 1 buckets");
        }

        EventRecord[] records = [.. EventFileReader.Read(path)];
        Path.GetFileName(path).ShouldBe($"events.out.tfevents.1700000000.{Environment.MachineName}.{Environment.ProcessId}.0");
        records.Length.ShouldBe(6);
        records.ShouldAllBe(record => record.WallTime == 1_700_000_000.5);
        records[0].FileVersion.ShouldBe("brain.Event:2");
        records[1].ShouldSatisfyAllConditions(r => r.Step.ShouldBe(0), r => r.Values[0].Scalar.ShouldBe(2.5f), r => r.Values[0].Tag.ShouldBe("loss/train"));
        records[2].ShouldSatisfyAllConditions(r => r.Step.ShouldBe(long.MaxValue), r => r.Values[0].Scalar.ShouldBe(float.NaN));
        records[3].Values.Select(value => (value.Tag, value.Scalar)).ShouldBe([("a", -0f), ("b", 1e30f)]);
        records[4].Values[0].Histogram!.Buckets.ShouldBe(histogram.Buckets);
        records[4].Values[0].Histogram!.SumOfSquares.ShouldBe(14);
        records[5].Values[0].Tag.ShouldBe("notes/text_summary");
        records[5].Values[0].Tensor!.Texts.ShouldBe(["größe 🙂"]);
    }

    [Fact]
    public void Each_start_of_a_run_has_its_own_file_and_leaves_the_old_one_alone()
    {
        var time = new FixedTime(1_700_000_000);
        using (var first = new EventFileWriter(_folder.Path, time))
        {
            first.WriteScalar("loss", 1, 1);
        }

        byte[] before = File.ReadAllBytes(Directory.GetFiles(_folder.Path)[0]);
        using (var second = new EventFileWriter(_folder.Path, time))
        {
            second.WriteScalar("loss", 2, 2);
            second.Path.ShouldEndWith($".{Environment.ProcessId}.1");
        }

        string[] files = [.. Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal)];
        files.Length.ShouldBe(2);
        File.ReadAllBytes(files[0]).ShouldBe(before);
        files.SelectMany(file => EventFileReader.Read(file).Skip(1)).Select(record => record.Step).ShouldBe([1, 2]);
    }

    [Fact]
    public void A_reader_sees_whole_records_while_the_writer_works()
    {
        using var writer = new EventFileWriter(_folder.Path, new FixedTime(1));
        for (int step = 1; step <= 5000; step++)
        {
            writer.WriteScalar("a rather long name of a series, so that the buffer fills", step, step);
        }

        int seen = EventFileReader.Read(writer.Path).Count();
        seen.ShouldBeInRange(2, 5000);
        writer.Flush();
        EventFileReader.Read(writer.Path).Count().ShouldBe(5001);
    }

    private sealed class FixedTime(double seconds) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond));
    }
}
