using System.Diagnostics;
using System.Globalization;
using MoeSharp.Cli;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary>Ctrl-C in a process of its own: saved, exit code 130, and the same command goes on to the same bytes.</summary>
public class InterruptTests
{
    private const int Steps = 400;

    [Fact]
    public async Task Ctrl_c_saves_and_the_run_goes_on_to_the_same_bytes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are sent with kill, and reset with env of coreutils");
        using var folder = new RunFolder();
        string recipe = folder.Recipe(Steps), interrupted = folder.PathOf("interrupted"), whole = folder.PathOf("whole");

        (int exitCode, string error) = await InterruptAsync(recipe, interrupted);
        exitCode.ShouldBe(130, error);
        error.ShouldContain("Stopped after step");
        error.ShouldContain("Run the same command again to go on.");
        Directory.Exists(Path.Combine(interrupted, "model")).ShouldBeFalse("the run was not at its end");

        CommandRun rest = await CommandRun.Of("train", recipe, "--out", interrupted);
        rest.ExitCode.ShouldBe(0, rest.Error);
        rest.Error.ShouldContain("going on after step");
        (await CommandRun.Of("train", recipe, "--out", whole)).ExitCode.ShouldBe(0);
        (await WeightsAsync(interrupted)).ShouldBe(await WeightsAsync(whole));
        string[] metrics = await File.ReadAllLinesAsync(Path.Combine(interrupted, "metrics.jsonl"), TestContext.Current.CancellationToken);
        metrics.Count(line => line.Contains("crossEntropy")).ShouldBe(Steps, "no step is missing and none stands twice");
    }

    private static async Task<(int ExitCode, string Error)> InterruptAsync(string recipe, string run)
    {
        // A test runner in the background of a shell ignores SIGINT, and its children would inherit that.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", typeof(CommandLine).Assembly.Location, "train", recipe, "--out", run])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string metrics = Path.Combine(run, "metrics.jsonl");
        while (!process.HasExited && (!File.Exists(metrics) || new FileInfo(metrics).Length < 4_000))
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        using (Process kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await error);
    }

    private static Task<byte[]> WeightsAsync(string run) =>
        File.ReadAllBytesAsync(Path.Combine(run, "model", "model.safetensors"), TestContext.Current.CancellationToken);
}
