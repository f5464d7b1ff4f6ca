using MoeSharp.Inference.Sampling;

namespace MoeSharp.Tests.Inference.Sampling;

public class StopTextTests
{
    [Theory]
    [InlineData("hello STOP world", "hello ", true)]
    [InlineData("hello STO", "hello STO", false)]
    [InlineData("SSTOP", "S", true)]
    [InlineData("STSTOP!", "ST", true)]
    [InlineData("no more", "no more", false)]
    [InlineData("end###STOP", "end", true)]
    public void The_same_text_comes_out_however_it_is_cut(string text, string expected, bool isStopped)
    {
        for (int size = 1; size <= text.Length; size++)
        {
            var stop = new StopText(["STOP", "###"]);
            string shown = string.Concat(text.Chunk(size).Select(piece => stop.Add(new string(piece))));
            stop.IsStopped.ShouldBe(isStopped, $"pieces of {size}");
            (shown + stop.Flush()).ShouldBe(expected, $"pieces of {size}");
        }
    }

    [Fact]
    public void Only_the_beginning_of_a_stop_text_is_held_back()
    {
        var stop = new StopText(["STOP"]);
        stop.Add("a ST").ShouldBe("a ");
        stop.Add("ill").ShouldBe("STill");
        stop.Add("S").ShouldBe("");
        stop.Flush().ShouldBe("S");
    }

    [Fact]
    public void Of_several_stops_the_one_complete_first_counts()
    {
        var stop = new StopText(["late", "a"]);
        stop.Add("xlate").ShouldBe("xl");
        stop.Add("more").ShouldBe("");
        var same = new StopText(["te", "late"]);
        same.Add("xla").ShouldBe("x");
        same.Add("te").ShouldBe("", "both end here, the longer begins before");
    }

    [Fact]
    public void An_empty_stop_text_is_refused() => Should.Throw<ArgumentException>(() => new StopText([""]));
}
