using System.Text.Json;
using MoeSharp.Cli;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary>What one call of the command did, in this process.</summary>
/// <param name="ExitCode">What the shell would get.</param>
/// <param name="Output">Results.</param>
/// <param name="Error">Progress, notes and faults.</param>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    private static readonly Lazy<string> s_page = new(() => File.ReadAllText(Repository.PathOf("docs/cli.md")));

    /// <summary>The lines of the error stream that are not empty.</summary>
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Calls <c>moe</c>.</summary>
    public static Task<CommandRun> Of(params string[] arguments) => WithInput("", arguments);

    /// <summary>Calls <c>moe</c> with a text on its standard input.</summary>
    public static async Task<CommandRun> WithInput(string input, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await CommandLine.InvokeAsync(arguments, output, error, new MemoryStream(System.Text.Encoding.UTF8.GetBytes(input)));
        return new CommandRun(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>The output as JSON, after an exit code of 0; docs/cli.md must name every field of it.</summary>
    public JsonElement Json()
    {
        ExitCode.ShouldBe(0, Error);
        JsonElement root = JsonDocument.Parse(Output).RootElement;
        foreach (string field in FieldsOf(root))
        {
            s_page.Value.ShouldContain($"`{field}`", Case.Sensitive, "docs/cli.md does not name a field that the command prints");
        }

        return root;
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

    private static IEnumerable<string> FieldsOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(field => FieldsOf(field.Value).Prepend(field.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(FieldsOf),
        _ => [],
    };
}
