using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace MoeSharp.Against;

/// <summary>A program that takes the options of llama-bench.</summary>
/// <param name="Program">Its path.</param>
/// <param name="Before">Words before the options.</param>
/// <param name="After">Words after them.</param>
internal sealed record Engine(string Program, IReadOnlyList<string> Before, IReadOnlyList<string> After)
{
    private const int ToldLines = 5;

    /// <summary>This program.</summary>
    public static Engine Ours()
    {
        string library = typeof(Engine).Assembly.Location;
        return new Engine("dotnet", [library, "bench"], []);
    }

    /// <summary>Runs one turn in a process of its own.</summary>
    /// <exception cref="InvalidOperationException">It cannot be started, fails, or prints something else.</exception>
    public async Task<EngineSpeed> RunAsync(EngineTask task, CancellationToken cancellation)
    {
        string[] options =
        [
            "-m", task.File, "-p", Text(task.Prompt), "-n", Text(task.Generate), "-t", Text(task.Threads), "-r", Text(task.Repeat), "-o", "json",
        ];
        var start = new ProcessStartInfo(Program, [.. Before, .. options, .. After]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Start(start);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation), errors = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            string printed = await output.ConfigureAwait(false), told = await errors.ConfigureAwait(false);
            return process.ExitCode == 0
                ? LlamaBenchJson.Read(printed, task, Program)
                : throw new InvalidOperationException(
                    $"{Program}: ended with exit code {process.ExitCode}. It said: {string.Join(" | ", told.Trim().Split('\n').TakeLast(ToldLines))}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception fault)
        {
            throw new InvalidOperationException($"{Program}: cannot be started: {fault.Message}", fault);
        }
    }
}
