using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MoeSharp.Cli;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary><c>moe chat</c> through a pipe, and with Ctrl-C in a process of its own.</summary>
public class ChatCommandTests
{
    private const string Template =
        "{% for m in messages %}{{ m.role }}: {{ m.content | trim }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

    [Fact]
    public async Task Lines_are_answered_in_turn()
    {
        using var folder = new RunFolder();
        CommandRun run = await CommandRun.WithInput("It was a dark night\n\nAnd then?\n", Arguments(folder));
        run.ExitCode.ShouldBe(0, run.Error);
        run.Output.ShouldNotContain("> ");
        run.Output.Trim().ShouldNotBeEmpty();
        run.Error.Split("--max-tokens allows more").Length.ShouldBe(3, run.Error);
    }

    [Fact]
    public async Task Json_is_one_line_an_answer_and_the_past_is_not_read_again()
    {
        using var folder = new RunFolder();
        JsonElement[] turns = await TurnsAsync("It was a dark night\nAnd then?\n", Arguments(folder));
        turns.Length.ShouldBe(2);
        for (int i = 0; i < 2; i++)
        {
            turns[i].GetProperty("turn").GetInt32().ShouldBe(i + 1);
            turns[i].GetProperty("tokens").GetInt32().ShouldBe(10);
            turns[i].GetProperty("finish").GetString().ShouldBe("maxTokens");
            turns[i].GetProperty("forgottenTurns").GetInt32().ShouldBe(0);
            turns[i].GetProperty("seconds").GetDouble().ShouldBeGreaterThan(0);
        }

        turns[0].GetProperty("reusedTokens").GetInt32().ShouldBe(0);
        turns[1].GetProperty("reusedTokens").GetInt32().ShouldBeGreaterThanOrEqualTo(turns[0].GetProperty("promptTokens").GetInt32());
        JsonElement[] again = await TurnsAsync("It was a dark night\nAnd then?\n", Arguments(folder));
        again[1].GetProperty("text").GetString().ShouldBe(turns[1].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Look_up_changes_no_answer_and_fewer_experts_do()
    {
        using var folder = new RunFolder();
        const string Said = "the Dolphin, the Heron, the Dolphin, the Heron, the Dolphin,\nand then?\n";
        JsonElement[] plain = await TurnsAsync(Said, Arguments(folder)), guessed = await TurnsAsync(Said, [.. Arguments(folder), "--lookup", "6"]);
        guessed.Select(turn => turn.GetProperty("text").GetString()).ShouldBe(plain.Select(turn => turn.GetProperty("text").GetString()));
        guessed.ShouldAllBe(turn => turn.GetProperty("lookup").GetProperty("passes").GetInt32() > 0);
        JsonElement[] fewer = await TurnsAsync(Said, [.. Arguments(folder), "--experts", "1"]);
        fewer[0].GetProperty("text").GetString().ShouldNotBe(plain[0].GetProperty("text").GetString());
        (await CommandRun.WithInput(Said, [.. Arguments(folder), "--experts", "9"])).ShouldFail(1, "choose 2");
    }

    [Fact]
    public async Task Commands_are_obeyed_and_not_answered()
    {
        using var folder = new RunFolder();
        JsonElement[] turns = await TurnsAsync("Hello\n/reset\nHello\n/system Speak as a pirate.\n/reset\nHello\n/help\n//exit is a word\n/exit\nnever\n", Arguments(folder));
        turns.Length.ShouldBe(4);
        string Text(int turn) => turns[turn].GetProperty("text").GetString()!;
        int Prompt(int turn) => turns[turn].GetProperty("promptTokens").GetInt32();
        Text(1).ShouldBe(Text(0));
        Prompt(1).ShouldBe(Prompt(0));
        Prompt(2).ShouldBeGreaterThan(Prompt(0));
        JsonElement[] system = await TurnsAsync("Hello\n", [.. Arguments(folder), "--system", "Speak as a pirate."]);
        system[0].GetProperty("text").GetString().ShouldBe(Text(2));
        system[0].GetProperty("promptTokens").GetInt32().ShouldBe(Prompt(2));

        CommandRun help = await CommandRun.WithInput("/help\n", Arguments(folder));
        foreach (string command in (string[])["/reset", "/system", "/help", "/exit"])
        {
            help.Error.ShouldContain(command);
        }
    }

    [Fact]
    public async Task A_command_that_is_none_is_wrong_usage_in_a_script()
    {
        using var folder = new RunFolder();
        (await CommandRun.WithInput("/rest\n", Arguments(folder))).ShouldFail(2, "/rest", "/help");
    }

    [Fact]
    public async Task A_model_without_template_asks_for_one() => (await CommandRun.WithInput("Hello\n", "chat", "tiny")).ShouldFail(2, "--template");

    [Fact]
    public async Task A_faulty_template_is_told_with_its_line()
    {
        using var folder = new RunFolder();
        await WriteAsync(folder.PathOf("wrong.jinja"), "a\n{% if %}");
        (await CommandRun.WithInput("Hello\n", "chat", "tiny", "--template", folder.PathOf("wrong.jinja"))).ShouldFail(1, "wrong.jinja, line 2");
        await WriteAsync(folder.PathOf("wrong.jinja"), "{{ raise_exception('Not to me!') }}");
        (await CommandRun.WithInput("Hello\n", "chat", "tiny", "--template", folder.PathOf("wrong.jinja"))).ShouldFail(1, "wrong.jinja, line 1", "Not to me!");
        (await CommandRun.WithInput("Hello\n", "chat", "tiny", "--template", folder.PathOf("none.jinja"))).ShouldFail(1, "none.jinja");
    }

    [Fact]
    public async Task The_template_of_a_folder_is_used_and_saved_with_the_model()
    {
        using var folder = new RunFolder();
        Model.Tiny.Save(folder.PathOf("model"));
        await WriteAsync(folder.PathOf("model/tokenizer_config.json"), JsonSerializer.Serialize(new Dictionary<string, string> { ["chat_template"] = Template }));
        string[] arguments = ["--max-tokens", "10", "--temperature", "0", "--json"];
        JsonElement[] own = await TurnsAsync("Hello\n", ["chat", folder.PathOf("model"), .. arguments]);
        own[0].GetProperty("text").GetString().ShouldBe((await TurnsAsync("Hello\n", Arguments(folder)))[0].GetProperty("text").GetString());

        using (Model model = Model.Load(folder.PathOf("model")))
        {
            model.Save(folder.PathOf("copy"));
        }

        JsonElement[] copy = await TurnsAsync("Hello\n", ["chat", folder.PathOf("copy"), .. arguments]);
        copy[0].GetProperty("text").GetString().ShouldBe(own[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Ctrl_c_stops_the_answer_and_at_the_prompt_the_program()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are sent with kill, and reset with env of coreutils");
        using var folder = new RunFolder();
        string[] arguments = [.. Arguments(folder)];
        arguments[Array.IndexOf(arguments, "10")] = "100000";
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", typeof(CommandLine).Assembly.Location, .. arguments, "--repetition-penalty", "1.3"])
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        CancellationToken end = TestContext.Current.CancellationToken;
        Task<string> error = process.StandardError.ReadToEndAsync(end);
        await process.StandardInput.WriteLineAsync("It was a dark and stormy night");
        await process.StandardInput.FlushAsync(end);
        char[] first = new char[1];
        (await process.StandardOutput.ReadAsync(first, end)).ShouldBe(1);
        await InterruptAsync(process);

        // The program goes on: another line is answered.
        await process.StandardInput.WriteLineAsync("/system Be brief.");
        await process.StandardInput.FlushAsync(end);
        await Task.Delay(1500, end);
        process.HasExited.ShouldBeFalse();
        await InterruptAsync(process);
        await process.WaitForExitAsync(end);
        process.ExitCode.ShouldBe(130);
        string said = await error;
        said.ShouldContain("(interrupted; this turn is forgotten)");
        said.ShouldContain("(the system says so from now on)");
        said.ShouldContain("moe chat: interrupted.");
    }

    private static async Task InterruptAsync(Process process)
    {
        using Process kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private static string[] Arguments(RunFolder folder)
    {
        string template = folder.PathOf("template.jinja");
        File.WriteAllText(template, Template);
        return ["chat", "tiny", "--template", template, "--max-tokens", "10", "--temperature", "0"];
    }

    private static async Task<JsonElement[]> TurnsAsync(string input, string[] arguments)
    {
        CommandRun run = await CommandRun.WithInput(input, [.. arguments.Where(argument => argument != "--json"), "--json"]);
        run.ExitCode.ShouldBe(0, run.Error);
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Select(line => (run with { Output = line }).Json())];
    }

    private static Task WriteAsync(string path, string text) => File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
}
