namespace MoeSharp.Apps.Tests.Cli;

/// <summary>Help, version, and what counts as wrong usage.</summary>
public class UsageTests
{
    public static TheoryData<string> Commands => ["run", "chat", "train", "inspect", "logits", "bench", "pull", "plan", "eval", "diff", "convert", "quantize"];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_command_has_help_and_its_options_stand_in_the_page(string command)
    {
        CommandRun run = await CommandRun.Of(command, "--help");
        run.ExitCode.ShouldBe(0);
        run.Error.ShouldBeEmpty();
        run.Output.ShouldContain("--threads");
        string page = await File.ReadAllTextAsync(Repository.PathOf("docs/cli.md"), TestContext.Current.CancellationToken);
        page.ShouldContain($"### `moe {command}");
        foreach (string option in run.Output.Split([' ', ',', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
            .Where(word => word.StartsWith("--", StringComparison.Ordinal) && word.Length > 2))
        {
            page.ShouldContain(option, customMessage: $"docs/cli.md does not name {option} of moe {command}");
        }
    }

    [Fact]
    public async Task Help_lists_every_command()
    {
        CommandRun run = await CommandRun.Of("--help");
        run.ExitCode.ShouldBe(0);
        foreach (string command in Commands.Select(row => row.Data))
        {
            run.Output.ShouldContain($"  {command} ");
        }
    }

    [Fact]
    public async Task The_version_is_that_of_the_packages()
    {
        CommandRun run = await CommandRun.Of("--version");
        run.ExitCode.ShouldBe(0);
        run.Output.Trim().ShouldMatch(@"^\d+\.\d+\.\d+");
    }

    [Fact]
    public async Task No_command_is_wrong_usage_and_names_an_example() =>
        (await CommandRun.Of()).ShouldFail(2, "no command", "moe run");

    [Theory]
    [InlineData("rum", "hello")]
    [InlineData("run")]
    [InlineData("run", "model", "prompt", "more")]
    [InlineData("run", "hello", "--temperature", "warm")]
    [InlineData("train", "recipe.json")]
    [InlineData("train", "--out", "folder")]
    [InlineData("logits", "model", "--ids", "5")]
    [InlineData("logits", "model", "--out", "file.safetensors")]
    [InlineData("inspect", "--no-such-option")]
    [InlineData("inspect", "--threads", "0")]
    [InlineData("inspect", "--threads", "many")]
    [InlineData("bench", "--only", "everything")]
    [InlineData("pull")]
    [InlineData("eval")]
    [InlineData("diff", "a", "b")]
    [InlineData("plan", "tiny", "more")]
    [InlineData("plan", "--context", "many")]
    [InlineData("bench", "--shape", "gpt-6")]
    [InlineData("bench", "--prompt", "0")]
    [InlineData("run", "--no-such-option", "hello")]
    [InlineData("train", "recipe.json", "--out", "folder", "--steps", "0")]
    [InlineData("train", "recipe.json", "--out", "folder", "--learning-rate", "-1")]
    public async Task Wrong_usage_ends_with_2_and_points_at_the_help(params string[] arguments)
    {
        CommandRun run = await CommandRun.Of(arguments);
        run.ExitCode.ShouldBe(2);
        run.Output.ShouldBeEmpty();
        run.ErrorLines.ShouldNotBeEmpty();
        run.ErrorLines.ShouldAllBe(line => line.StartsWith("moe", StringComparison.Ordinal) && line.Contains("--help"));
    }

    [Fact]
    public async Task A_lone_argument_that_names_a_file_is_wrong_usage()
    {
        using var folder = new RunFolder();
        (await CommandRun.Of("run", folder.PathOf("corpus.txt"))).ShouldFail(2, "corpus.txt", "prompt");
        (await CommandRun.Of("run", folder.Root)).ShouldFail(2, folder.Root, "prompt");
    }

    [Theory]
    [InlineData("--temperature", "-1", "Temperature")]
    [InlineData("--top-p", "0", "TopP")]
    [InlineData("--max-tokens", "-3", "MaxTokens")]
    public async Task Sampling_out_of_range_is_wrong_usage(string option, string value, string name) =>
        (await CommandRun.Of("run", "hello", option, value)).ShouldFail(2, name, value);

    [Fact]
    public async Task A_prompt_may_begin_with_dashes_after_a_lone_double_dash() =>
        (await CommandRun.Of("run", "--max-tokens", "1", "--", "no-such-model", "--and so on")).ShouldFail(1, "no-such-model");

    [Theory]
    [InlineData("5,x", "'x'")]
    [InlineData("5,-1", "'-1'")]
    [InlineData("5 7", "'5 7'")]
    [InlineData(",", "no id")]
    public async Task Ids_must_be_whole_numbers(string ids, string part)
    {
        using var folder = new RunFolder();
        (await CommandRun.Of("logits", GoldenFolder.Mixtral, "--ids=" + ids, "--out", folder.PathOf("out.safetensors")))
            .ShouldFail(2, "--ids", part);
    }
}
