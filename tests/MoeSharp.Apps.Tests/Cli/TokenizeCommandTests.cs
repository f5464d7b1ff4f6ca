using System.Text;
using System.Text.Json;
using MoeSharp.Text;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary>What <c>moe tokenize</c> makes of its input.</summary>
public class TokenizeCommandTests
{
    private const string Text = "It was  a dark night.\n";

    private static Tokenizer Tiny => Model.Tiny.Tokenizer!;

    [Fact]
    public async Task Text_is_read_to_its_last_byte()
    {
        CommandRun run = await CommandRun.WithInput(Text, "tokenize", "tiny");
        run.ExitCode.ShouldBe(0, run.Error);
        run.Output.ShouldBe(string.Join(' ', Tiny.Encode(Text)) + "\n");
        (await CommandRun.WithInput(run.Output, "tokenize", "tiny", "--ids")).Output.ShouldBe(Text);
        (await CommandRun.WithInput("", "tokenize", "tiny")).Output.ShouldBe("\n");
    }

    [Fact]
    public async Task Lines_are_json_both_ways()
    {
        CommandRun run = await CommandRun.WithInput("\"It was\\n\"\n\n\"na\\u00efve \\\"day\\\"\"", "tokenize", "tiny", "--jsonl");
        run.ExitCode.ShouldBe(0, run.Error);
        string[] lines = run.Output.TrimEnd('\n').Split('\n');
        lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray())
            .ShouldBe([Tiny.Encode("It was\n"), Tiny.Encode("naïve \"day\"")]);
        (await CommandRun.WithInput(run.Output + "[]\n", "tokenize", "tiny", "--jsonl", "--ids")).Output.ShouldBe("\"It was\\n\"\n\"naïve \\\"day\\\"\"\n\"\"\n");
    }

    [Fact]
    public async Task Special_tokens_are_text_unless_they_are_asked_for()
    {
        AddedToken special = Tiny.AddedTokens.First(token => token.IsSpecial);
        string text = special.Content + "x";
        int[] plain = [.. (await CommandRun.WithInput(text, "tokenize", "tiny", "--json")).Json().GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
        plain.ShouldBe(Tiny.Encode(text));
        plain.ShouldNotContain(special.Id);
        (await CommandRun.WithInput(text, "tokenize", "tiny", "--special")).Output.ShouldStartWith($"{special.Id} ");
        (await CommandRun.WithInput(text, "tokenize", "tiny", "--add-special")).Output.ShouldBe(string.Join(' ', Tiny.Encode(text, true, true)) + "\n");
        (await CommandRun.WithInput($"{special.Id}", "tokenize", "tiny", "--ids", "--json")).Json().GetProperty("text").GetString().ShouldBe(special.Content);
    }

    [Theory]
    [InlineData("\"a\"\n{", "--jsonl", "line 2")]
    [InlineData("5", "--jsonl", "line 1")]
    [InlineData("\"\\ud800\"", "--jsonl", "line 1")]
    [InlineData("12 x", "--ids", "'x'")]
    [InlineData("-1", "--ids", "'-1'")]
    public async Task Input_of_another_kind_is_named(string input, string option, string part)
    {
        CommandRun run = await CommandRun.WithInput(input, "tokenize", "tiny", option);
        run.ExitCode.ShouldBe(1);
        run.ErrorLines.ShouldHaveSingleItem().ShouldContain(part);
    }

    [Fact]
    public async Task A_file_that_is_no_tokenizer_is_named()
    {
        using var folder = new RunFolder();
        await File.WriteAllTextAsync(folder.PathOf("odd.gguf"), "GGUF and then nothing", Encoding.UTF8, TestContext.Current.CancellationToken);
        (await CommandRun.WithInput("x", "tokenize", folder.Root)).ShouldFail(1, "tokenizer.json", "tokenizer.model");
        (await CommandRun.WithInput("x", "tokenize", folder.PathOf("odd.gguf"))).ShouldFail(1, "odd.gguf");
        (await CommandRun.WithInput("x", "tokenize", folder.PathOf("none.json"))).ShouldFail(1, "none.json");
    }
}
