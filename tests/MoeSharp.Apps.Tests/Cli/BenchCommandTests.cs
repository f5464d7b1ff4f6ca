using System.Text.Json;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary>The shape of what <c>moe bench</c> prints. The figures are no test: they depend on who else uses the machine.</summary>
public class BenchCommandTests
{
    [Fact]
    public async Task Kernels_are_measured_against_the_peaks_of_the_run()
    {
        CommandRun run = await CommandRun.Of("bench", "--only", "kernels", "--json");
        JsonElement json = run.Json(), machine = json.GetProperty("machine");
        foreach (string peak in (string[])["bandwidthGBs", "float32Gflops", "int8Gops"])
        {
            machine.GetProperty(peak).GetProperty("t1").GetDouble().ShouldBeGreaterThan(0, peak);
            machine.GetProperty(peak).GetProperty("t2").GetDouble().ShouldBeGreaterThan(0, peak);
        }

        machine.GetProperty("cpu").GetString().ShouldNotBeNullOrEmpty();
        machine.GetProperty("processors").GetInt32().ShouldBe(Environment.ProcessorCount);
        machine.GetProperty("laneWidth").GetInt32().ShouldBeOneOf(0, 128, 256, 512);

        JsonElement[] results = [.. json.GetProperty("results").EnumerateArray()];
        string[] names = [.. results.Select(result => result.GetProperty("name").GetString()!)];
        foreach (string name in (string[])["matmul.nt.t1", "matmul.nt.t2", "matmul.nn.t1", "matmul.tn.t1", "grouped.even", "grouped.zipf"])
        {
            names.ShouldContain(name);
        }

        foreach (JsonElement result in results)
        {
            // The peak of one thread measures results of one thread, that of two the others.
            string name = result.GetProperty("name").GetString()!, peak = result.GetProperty("peak").GetString()!;
            peak.ShouldBe(name.EndsWith(".t1", StringComparison.Ordinal) ? "float32Gflops.t1" : "float32Gflops.t2", name);
            double of = machine.GetProperty("float32Gflops").GetProperty(peak[^2..]).GetDouble();
            result.GetProperty("unit").GetString().ShouldBe("GFLOP/s");
            result.GetProperty("share").GetDouble().ShouldBe(result.GetProperty("value").GetDouble() / of, 0.002, name);
        }
    }
}
