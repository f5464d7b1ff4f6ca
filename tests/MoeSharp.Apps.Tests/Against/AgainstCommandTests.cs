using System.Text.Json;
using MoeSharp.Against;
using MoeSharp.Analysis;
using MoeSharp.Apps.Tests.Cli;

namespace MoeSharp.Apps.Tests.Against;

/// <summary>The comparison with a stand-in: a script that prints what llama-bench prints. Nothing here says how fast an engine is.</summary>
public class AgainstCommandTests
{
    private const string Answer =
        """
        [
          { "build_commit": "stand-in", "n_prompt": 16, "n_gen": 0, "avg_ts": 100.5, "stddev_ts": 1 },
          { "build_commit": "stand-in", "n_prompt": 0, "n_gen": 4, "avg_ts": 20.25, "stddev_ts": 1 }
        ]
        """;

    [Fact]
    public async Task Two_engines_take_turns_on_one_file_and_ratios_have_a_spread()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in is a shell script");
        using var folder = new RunFolder();
        string model = WriteModel(folder), log = folder.PathOf("calls.txt");
        string program = WriteProgram(folder, $"echo \"$@\" >> '{log}'\necho 'warning: something first'\ncat <<'END'\n{Answer}\nEND");
        (int exitCode, string output, string error) = await Run(
            program, model, "--rounds", "2", "-p", "16", "-n", "4", "-t", "1", "--with=-rtr", "--with=1", "--json");
        exitCode.ShouldBe(0, error);

        JsonElement json = JsonDocument.Parse(output).RootElement;
        json.GetProperty("build").GetString().ShouldBe("stand-in");
        JsonElement[] results = [.. json.GetProperty("results").EnumerateArray()];
        results.Select(result => result.GetProperty("name").GetString()).ShouldBe(["prefill", "decode"]);
        foreach ((JsonElement result, double theirs) in results.Zip((double[])[100.5, 20.25]))
        {
            result.GetProperty("theirs").GetProperty("median").GetDouble().ShouldBe(theirs);
            JsonElement ratio = result.GetProperty("ratio");
            ratio.GetProperty("rounds").GetArrayLength().ShouldBe(2);
            ratio.GetProperty("median").GetDouble().ShouldBeInRange(ratio.GetProperty("minimum").GetDouble(), ratio.GetProperty("maximum").GetDouble());
            (result.GetProperty("ours").GetProperty("rounds")[0].GetDouble() / theirs).ShouldBe(ratio.GetProperty("rounds")[0].GetDouble(), 1e-9);
        }

        File.ReadAllLines(log).ShouldBe([.. Enumerable.Repeat($"-m {model} -p 16 -n 4 -t 1 -r 1 -o json -rtr 1", 2)]);
        error.ShouldContain("round 2 of 2");
    }

    [Fact]
    public async Task This_engine_speaks_as_llama_bench_does()
    {
        using var folder = new RunFolder();
        (int exitCode, string output, string error) = await Run("bench", "-m", WriteModel(folder), "-p", "16", "-n", "4", "-t", "1", "-r", "3", "-o", "json");
        exitCode.ShouldBe(0, error);
        EngineSpeed speed = LlamaBenchJson.Read(output, new EngineTask("", 16, 4, 1, 3), "ours");
        speed.Prefill.ShouldBeGreaterThan(0);
        speed.Decode.ShouldBeGreaterThan(0);
        speed.Build.ShouldStartWith("MoeSharp");
        JsonDocument.Parse(output).RootElement[1].GetProperty("samples_ts").GetArrayLength().ShouldBe(3);
    }

    [Theory]
    [InlineData("echo nonsense", "no JSON of llama-bench", "nonsense")]
    [InlineData("echo '[]'", "no speed of a prompt of 16 tokens", "[]")]
    [InlineData("echo 'no such model' >&2; exit 3", "exit code 3", "no such model")]
    public async Task An_engine_that_fails_is_told(string script, string fault, string said)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in is a shell script");
        using var folder = new RunFolder();
        (int exitCode, string output, string error) = await Run(
            WriteProgram(folder, script), WriteModel(folder), "--rounds", "1", "-p", "16", "-n", "4", "-t", "1");
        exitCode.ShouldBe(1);
        output.ShouldBeEmpty();
        error.ShouldContain(fault);
        error.ShouldContain(said);
    }

    [Fact]
    public async Task Missing_files_and_programs_are_told()
    {
        using var folder = new RunFolder();
        (int exitCode, _, string error) = await Run("no-such-program", "no-such-file.gguf");
        exitCode.ShouldBe(1);
        error.ShouldContain("no-such-file.gguf");
        (exitCode, _, error) = await Run("no-such-program", WriteModel(folder), "--rounds", "1", "-p", "16", "-n", "4", "-t", "1");
        exitCode.ShouldBe(1);
        error.ShouldContain("no-such-program: cannot be started");
        (exitCode, _, error) = await Run("program", "file", "--rounds", "0");
        exitCode.ShouldBe(2, error);
    }

    [Fact]
    public void Text_for_a_person_has_the_ratios()
    {
        var task = new EngineTask("/models/a.gguf", 512, 64, 2, 1);
        string text = new MatchReport(task, "peer", [(new(110, 22, ""), new(100, 20, "b1")), (new(90, 30, ""), new(100, 20, "b1"))]).ToText();
        text.ShouldContain("a.gguf, 2 threads, 2 rounds; MoeSharp / peer (b1)");
        text.ShouldContain("ratio 1.000 (least 0.900, most 1.100)");
        text.ShouldContain("ratio 1.300 (least 1.100, most 1.500)");
    }

    private static string WriteModel(RunFolder folder)
    {
        string path = folder.PathOf("model.gguf");
        SyntheticModel.Write(path, ModelShapes.Find("tiny-moe", 1), SyntheticModel.Recipe("Q8_0"), "test");
        return path;
    }

    private static string WriteProgram(RunFolder folder, string script)
    {
        string path = folder.PathOf("stand-in.sh");
        File.WriteAllText(path, "#!/bin/sh\n" + script + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }

    private static async Task<(int ExitCode, string Output, string Error)> Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await AgainstCommand.InvokeAsync(arguments, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
