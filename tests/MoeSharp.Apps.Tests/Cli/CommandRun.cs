using System.Text.Json;
using MoeSharp.Cli;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary>What one call of the command did, in this process.</summary>
/// <param name="ExitCode">What the shell would get.</param>
/// <param name="Output">Results.</param>
/// <param name="Error">Progress, notes and faults.</param>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    /// <summary>The lines of the error stream that are not empty.</summary>
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Calls <c>moe</c>.</summary>
    public static async Task<CommandRun> Of(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await CommandLine.InvokeAsync(arguments, output, error);
        return new CommandRun(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>The output as JSON, after an exit code of 0.</summary>
    public JsonElement Json()
    {
        ExitCode.ShouldBe(0, Error);
        return JsonDocument.Parse(Output).RootElement;
    }

    /// <summary>Demands a failure that is told in one line.</summary>
    /// <param name="exitCode">1 failed, 2 wrong usage.</param>
    /// <param name="parts">What the line must say.</param>
    public void ShouldFail(int exitCode, params string[] parts)
    {
        ExitCode.ShouldBe(exitCode, Error);
        Output.ShouldBeEmpty();
        ErrorLines.Length.ShouldBe(1, Error);
        ErrorLines[0].ShouldStartWith("moe");
        ErrorLines[0].ShouldNotContain("--verbose and report");
        foreach (string part in parts)
        {
            ErrorLines[0].ShouldContain(part);
        }
    }
}
