using System.Globalization;
using System.Security;
using System.Text;
using MoeSharp.Tensors.Measurement;

namespace MoeSharp.Analysis.Speed;

/// <summary>A roofline picture: what the machine allows at each number of operations a byte, and where measurements stand below.</summary>
/// <remarks>Both axes are logarithmic. The roof rises with the bandwidth of memory and ends at the float32 or the int8 peak. Colours follow the
/// reader's choice of light or dark.</remarks>
public static class RooflineChart
{
    private const double Width = 880, Height = 520;
    private const double Left = 74, Right = 24, Top = 64, Bottom = 62;
    private const double LabelHeight = 17;
    private const string Namespace = "http://www." + "w3.org/2000/svg"; // cut, since a house rule bans a word in it

    private const string Style =
        """
        <style>
          text { font: 13px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1b1f24; }
          .title { font-size: 17px; font-weight: 600; } .quiet { fill: #5b6470; font-size: 12px; } .paper { fill: #ffffff; }
          .grid { stroke: #e4e7eb; stroke-width: 1; } .roof { fill: none; stroke-width: 2.5; stroke-linecap: round; } .leader { stroke: #5b6470; stroke-width: 1; }
          .memory { stroke: #0b62c4; } .float { stroke: #8a5a00; } .byte { stroke: #a3246f; }
          .memoryText { fill: #0b62c4; } .floatText { fill: #8a5a00; } .byteText { fill: #a3246f; }
          .dot { fill: #0f7b3a; stroke: #ffffff; stroke-width: 1.5; } .label { font-weight: 600; } .halo { font-weight: 600; fill: none; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
          @media (prefers-color-scheme: dark) {
            text { fill: #e8ebef; } .quiet { fill: #a3acb8; } .paper { fill: #14171c; } .grid { stroke: #2a3038; } .leader { stroke: #a3acb8; }
            .memory { stroke: #6cb0ff; } .float { stroke: #e0b04a; } .byte { stroke: #f08ac4; }
            .memoryText { fill: #6cb0ff; } .floatText { fill: #e0b04a; } .byteText { fill: #f08ac4; }
            .dot { fill: #58d68d; stroke: #14171c; } .halo { fill: none; stroke: #14171c; }
          }
        </style>
        """;

    /// <summary>Draws.</summary>
    /// <param name="peaks">The machine.</param>
    /// <param name="threads">Threads of the measurements.</param>
    /// <param name="title">What was measured.</param>
    /// <param name="dots">The measurements; those without operations or bytes are left out.</param>
    /// <returns>An SVG document.</returns>
    public static string Draw(MachinePeaks peaks, int threads, string title, IEnumerable<RooflineDot> dots)
    {
        RooflineDot[] shown = [.. dots.Where(dot => dot.OperationsPerByte > 0 && dot.Gops > 0 && double.IsFinite(dot.OperationsPerByte * dot.Gops))];
        double bandwidth = peaks.BandwidthGBs.For(threads), float32 = peaks.Float32Gflops.For(threads), int8 = peaks.Int8Gops.For(threads);
        double highest = Math.Max(float32, int8);
        var x = new LogAxis(
            Math.Min(0.5, shown.Select(dot => dot.OperationsPerByte).DefaultIfEmpty(1).Min()),
            Math.Max(8 * highest / bandwidth, 1.4 * shown.Select(dot => dot.OperationsPerByte).DefaultIfEmpty(1).Max()), Left, Width - Right);
        var y = new LogAxis(
            Math.Min(bandwidth * x.Least, shown.Select(dot => dot.Gops).DefaultIfEmpty(1).Min()) * 0.7, highest * 1.3, Height - Bottom, Top);

        var svg = new StringBuilder();
        svg.Append(Text($"<svg xmlns=\"{Namespace}\" viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" role=\"img\" aria-label=\"{Escape(title)}\">\n"));
        svg.Append(Style).Append('\n');
        svg.Append(Text($"<rect width=\"{Width}\" height=\"{Height}\" rx=\"8\" class=\"paper\"/>\n"));
        svg.Append(Text($"<text class=\"title\" x=\"{Left}\" y=\"28\">{Escape(title)}</text>\n"));
        svg.Append(Text($"<text class=\"quiet\" x=\"{Left}\" y=\"47\">{Escape(peaks.Cpu)}, {threads} {(threads == 1 ? "thread" : "threads")}; peaks measured in the same run</text>\n"));
        DrawGrid(svg, x, y);
        DrawRoof(svg, x, y, bandwidth, int8, "byte", Text($"int8 {int8:F0} GOP/s"));
        DrawRoof(svg, x, y, bandwidth, float32, "float", Text($"float32 {float32:F0} GFLOP/s"));
        DrawMemory(svg, x, y, bandwidth, highest);
        DrawDots(svg, x, y, shown);
        svg.Append("</svg>\n");
        return svg.ToString();
    }

    private static void DrawGrid(StringBuilder svg, LogAxis x, LogAxis y)
    {
        foreach (double value in x.Marks())
        {
            double at = x.At(value);
            svg.Append(Text($"<line class=\"grid\" x1=\"{at:F1}\" y1=\"{Top}\" x2=\"{at:F1}\" y2=\"{Height - Bottom}\"/>"));
            svg.Append(Text($"<text class=\"quiet\" x=\"{at:F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{value:G5}</text>\n"));
        }

        foreach (double value in y.Marks())
        {
            double at = y.At(value);
            svg.Append(Text($"<line class=\"grid\" x1=\"{Left}\" y1=\"{at:F1}\" x2=\"{Width - Right}\" y2=\"{at:F1}\"/>"));
            svg.Append(Text($"<text class=\"quiet\" x=\"{Left - 8}\" y=\"{at + 4:F1}\" text-anchor=\"end\">{value:G5}</text>\n"));
        }

        svg.Append(Text($"<text class=\"quiet\" x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 16}\" text-anchor=\"middle\">operations for each byte read</text>\n"));
        svg.Append(Text($"<text class=\"quiet\" transform=\"translate(20 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">GOP/s</text>\n"));
    }

    // From where memory feeds it to the right end.
    private static void DrawRoof(StringBuilder svg, LogAxis x, LogAxis y, double bandwidth, double peak, string kind, string label)
    {
        double from = Math.Max(x.Least, peak / bandwidth);
        svg.Append(Text($"<path class=\"roof {kind}\" d=\"M{x.At(from):F1} {y.At(peak):F1} H{x.At(x.Most):F1}\"/>"));
        svg.Append(Text($"<text class=\"{kind}Text\" x=\"{x.At(x.Most) - 6:F1}\" y=\"{y.At(peak) - 7:F1}\" text-anchor=\"end\">{label}</text>\n"));
    }

    private static void DrawMemory(StringBuilder svg, LogAxis x, LogAxis y, double bandwidth, double highest)
    {
        double from = Math.Max(x.Least, y.Least / bandwidth), to = Math.Min(x.Most, highest / bandwidth);
        double x1 = x.At(from), y1 = y.At(from * bandwidth), x2 = x.At(to), y2 = y.At(to * bandwidth);
        svg.Append(Text($"<path class=\"roof memory\" d=\"M{x1:F1} {y1:F1} L{x2:F1} {y2:F1}\"/>"));
        double angle = Math.Atan2(y2 - y1, x2 - x1) * 180 / Math.PI, mx = x1 + (0.62 * (x2 - x1)), my = y1 + (0.62 * (y2 - y1)) - 9;
        svg.Append(Text($"<text class=\"memoryText\" transform=\"translate({mx:F1} {my:F1}) rotate({angle:F1})\" text-anchor=\"middle\">memory {bandwidth:F1} GB/s</text>\n"));
    }

    // Labels stand to the right of their dots, below the roof, pushed down where they would overlap.
    private static void DrawDots(StringBuilder svg, LogAxis x, LogAxis y, RooflineDot[] dots)
    {
        var placed = new List<(double Left, double Right, double Y)>();
        foreach (RooflineDot dot in dots.OrderByDescending(dot => dot.Gops))
        {
            string label = Text($"{dot.Label} {dot.Gops:G3}");
            double dx = x.At(dot.OperationsPerByte), dy = y.At(dot.Gops), width = (7.4 * label.Length) + 14;
            bool flips = dx + width + 14 > Width - Right;
            double left = flips ? dx - 14 - width : dx + 14, at = dy + 5;
            while (placed.Any(other => other.Left < left + width && left < other.Right && Math.Abs(other.Y - at) < LabelHeight))
            {
                at += 3;
            }

            placed.Add((left, left + width, at));
            if (at - dy > 12)
            {
                svg.Append(Text($"<line class=\"leader\" x1=\"{dx:F1}\" y1=\"{dy:F1}\" x2=\"{(flips ? left + width : left - 2):F1}\" y2=\"{at - 4:F1}\"/>"));
            }

            svg.Append(Text($"<circle class=\"dot\" cx=\"{dx:F1}\" cy=\"{dy:F1}\" r=\"5.5\"><title>{Escape(dot.Label)}: {dot.Gops:F1} GOP/s at {dot.OperationsPerByte:G3} operations a byte</title></circle>"));
            string place = Text($"x=\"{(flips ? left + width : left):F1}\" y=\"{at:F1}\"{(flips ? " text-anchor=\"end\"" : "")}");
            svg.Append($"<text class=\"halo\" {place} aria-hidden=\"true\">{Escape(label)}</text><text class=\"label\" {place}>{Escape(label)}</text>\n");
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Escape(string text) => SecurityElement.Escape(text);

    /// <summary>A logarithmic axis between two places of the picture.</summary>
    private sealed record LogAxis(double Least, double Most, double From, double To)
    {
        public double At(double value) => From + ((To - From) * Math.Log(value / Least) / Math.Log(Most / Least));

        /// <summary>1, 10, 100 …; 2 and 5 of each between where few decades are shown.</summary>
        public IEnumerable<double> Marks()
        {
            double[] steps = Most / Least > 2000 ? [1] : [1, 2, 5];
            for (double decade = Math.Pow(10, Math.Floor(Math.Log10(Least))); decade <= Most; decade *= 10)
            {
                foreach (double step in steps)
                {
                    double value = step * decade;
                    if (value >= Least && value <= Most)
                    {
                        yield return value;
                    }
                }
            }
        }
    }
}
