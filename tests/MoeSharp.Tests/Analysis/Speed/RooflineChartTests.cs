using System.Globalization;
using System.Xml.Linq;
using MoeSharp.Analysis.Speed;
using MoeSharp.Tensors.Measurement;

namespace MoeSharp.Tests.Analysis.Speed;

public class RooflineChartTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Every_measurement_is_a_dot_with_its_label_inside_the_picture()
    {
        RooflineDot[] dots =
        [
            new("prefill", 400, 250), new("decode", 3.4, 95), new("decode.depth4096", 2.9, 80), new("decode.batch8", 9, 200), new("decode <odd> & \"name\"", 3.5, 94),
        ];
        XDocument svg = XDocument.Parse(RooflineChart.Draw(Peaks(), 2, "a & b", dots));
        svg.Descendants(s_svg + "circle").Count().ShouldBe(dots.Length);
        string[] labels = [.. svg.Descendants(s_svg + "text").Where(text => text.Attribute("class")?.Value == "label").Select(text => text.Value)];
        labels.ShouldBe(dots.Select(dot => $"{dot.Label} {dot.Gops.ToString("G3", CultureInfo.InvariantCulture)}"), ignoreOrder: true);
        foreach (XElement circle in svg.Descendants(s_svg + "circle"))
        {
            Number(circle, "cx").ShouldBeInRange(0, 880);
            Number(circle, "cy").ShouldBeInRange(0, 520);
        }

        svg.Root!.Value.ShouldContain("memory 34.0 GB/s");
        svg.Root.Value.ShouldContain("int8 470 GOP/s");
        svg.Root.Value.ShouldContain("float32 229 GFLOP/s");
        svg.Root.Value.ShouldContain("prefers-color-scheme: dark");
    }

    [Fact]
    public void Labels_do_not_cover_each_other()
    {
        RooflineDot[] dots = [.. Enumerable.Range(0, 6).Select(i => new RooflineDot("decode" + i, 3 + (0.02 * i), 90 + i))];
        XDocument svg = XDocument.Parse(RooflineChart.Draw(Peaks(), 1, "crowd", dots));
        double[] heights = [.. svg.Descendants(s_svg + "text").Where(text => text.Attribute("class")?.Value == "label").Select(text => Number(text, "y")).Order()];
        heights.Zip(heights.Skip(1), (upper, lower) => lower - upper).ShouldAllBe(gap => gap > 15);
    }

    [Fact]
    public void Peaks_alone_and_senseless_dots_are_a_picture_too()
    {
        XDocument.Parse(RooflineChart.Draw(Peaks(), 1, "nothing", [])).Descendants(s_svg + "circle").ShouldBeEmpty();
        XDocument.Parse(RooflineChart.Draw(Peaks(), 1, "nothing", [new("zero", 0, 1), new("infinite", double.PositiveInfinity, 1)]))
            .Descendants(s_svg + "circle").ShouldBeEmpty();
    }

    private static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static MachinePeaks Peaks() => new()
    {
        Cpu = "a processor",
        ProcessorCount = 2,
        LaneWidth = 512,
        BandwidthGBs = new PeakPair(30, 34),
        Float32Gflops = new PeakPair(116, 229),
        Int8Gops = new PeakPair(235, 470),
        Int8Instructions = "none",
    };
}
