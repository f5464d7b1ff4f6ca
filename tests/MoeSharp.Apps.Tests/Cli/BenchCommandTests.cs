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

    [Fact]
    public async Task A_synthetic_model_is_measured_under_all_names()
    {
        using var folder = new RunFolder();
        string svg = folder.PathOf("roof.svg");
        JsonElement json = (await CommandRun.Of(
            "bench", "--shape", "tiny-moe", "--repeat", "2", "--prompt", "32", "--depth", "256", "--svg", svg, "--json")).Json();
        JsonElement[] results = [.. json.GetProperty("results").EnumerateArray()];
        results.Select(result => result.GetProperty("name").GetString()).ShouldBe(
            ["prefill", "decode", "decode.depth256", "decode.batch8", "load", "tokenize", "quantize"]);
        foreach (JsonElement result in results)
        {
            string name = result.GetProperty("name").GetString()!;
            double value = result.GetProperty("value").GetDouble();
            value.ShouldBeGreaterThan(0, name);
            value.ShouldBeInRange(result.GetProperty("minimum").GetDouble(), result.GetProperty("maximum").GetDouble(), name);
            result.GetProperty("runs").GetInt32().ShouldBe(2);
            result.GetProperty("type").GetString().ShouldBe("Q4_K_M");
            string[] peak = result.GetProperty("peak").GetString()!.Split('.');
            double of = json.GetProperty("machine").GetProperty(peak[0]).GetProperty(peak[1]).GetDouble();
            double rate = name switch
            {
                "prefill" => value * result.GetProperty("operationsPerToken").GetDouble() / 1e9,
                "load" => result.GetProperty("bytes").GetDouble() / value / 1e9,
                "tokenize" or "quantize" => value / 1e3,
                _ => value * result.GetProperty("bytesPerToken").GetDouble() / 1e9,
            };
            result.GetProperty("share").GetDouble().ShouldBe(rate / of, 0.01 + (0.02 * rate / of), name);
        }

        results[0].GetProperty("predicted").GetDouble().ShouldBeGreaterThan(0);
        results[3].GetProperty("expertsTouched").GetDouble().ShouldBeInRange(2, 8);
        File.ReadAllText(svg).ShouldContain("decode.batch8");

        File.WriteAllText(folder.PathOf("tiny.json"), json.GetRawText());
        CommandRun table = await CommandRun.Of("bench", "--table", Path.GetDirectoryName(svg)!);
        table.Output.ShouldContain("| `tiny-moe` | 2 | Q4_K_M |");
    }

    [Fact]
    public async Task A_synthetic_model_that_was_written_runs_and_is_measured_as_a_file()
    {
        using var folder = new RunFolder();
        string file = folder.PathOf("tiny-moe.gguf");
        JsonElement written = (await CommandRun.Of("bench", "--shape", "tiny-moe", "--type", "iq4_xs", "--write", file, "--only", "write", "--json")).Json();
        written.GetProperty("bytes").GetInt64().ShouldBe(new FileInfo(file).Length);
        (await CommandRun.Of("verify", file)).ExitCode.ShouldBe(0);
        (await CommandRun.Of("run", file, "once upon", "--max-tokens", "3")).ExitCode.ShouldBe(0);

        JsonElement json = (await CommandRun.Of("bench", file, "--only", "decode", "--only", "load", "--repeat", "1", "--json")).Json();
        json.GetProperty("models")[0].GetProperty("type").GetString().ShouldBe("IQ4_XS");
        json.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("name").GetString()).ShouldBe(["decode", "load"]);
    }

    [Fact]
    public async Task Kernels_of_formats_are_named()
    {
        JsonElement json = (await CommandRun.Of("bench", "--kernels", "--type", "q8_0", "--json")).Json();
        JsonElement[] results = [.. json.GetProperty("results").EnumerateArray()];
        results.Select(result => result.GetProperty("name").GetString()).ShouldBe(["kernel.Q8_0.row1", "kernel.Q8_0.row64"]);
        results.ShouldAllBe(result => result.GetProperty("kernel").GetString() != "" && result.GetProperty("value").GetDouble() > 0);
    }

    [Theory]
    [InlineData("two different things", "tiny", "--shape", "tiny-moe")]
    [InlineData("--shape", "--layers", "2")]
    [InlineData("Q9", "--shape", "tiny-moe", "--type", "Q9")]
    [InlineData("measured without a model", "tiny", "--only", "training")]
    [InlineData("measured of a model", "--only", "prefill")]
    [InlineData("--write", "--shape", "tiny-moe", "--only", "write")]
    [InlineData(".gguf", "--shape", "tiny-moe", "--write", "model.bin")]
    [InlineData("no measurement", "--table", "no-such-folder")]
    public async Task Options_that_do_not_go_together_are_wrong_usage(string part, params string[] arguments) =>
        (await CommandRun.Of(["bench", .. arguments])).ShouldFail(2, part);

    [Fact]
    public async Task A_shape_has_only_its_own_layers() =>
        (await CommandRun.Of("bench", "--shape", "tiny-moe", "--layers", "40")).ShouldFail(1, "2 layers");

    [Fact]
    public async Task Products_are_held_against_dequantising_and_multiplying()
    {
        JsonElement json = (await CommandRun.Of("bench", "--kernels", "--bound", "--type", "q8_0", "--json", "--threads", "1")).Json();
        JsonElement[] results = [.. json.GetProperty("results").EnumerateArray()];
        results.Select(result => result.GetProperty("name").GetString()).ShouldBe(["bound.Q8_0.row1", "bound.Q8_0.row64", "bound.Q8_0.row512"]);
        json.GetProperty("threads").GetInt32().ShouldBe(1);
        foreach (JsonElement result in results)
        {
            result.GetProperty("unit").GetString().ShouldBe("ms");
            double bound = result.GetProperty("dequantize").GetDouble() + result.GetProperty("multiply").GetDouble();
            result.GetProperty("ratio").GetDouble().ShouldBe(result.GetProperty("value").GetDouble() / bound, 0.01);
        }
    }
}
