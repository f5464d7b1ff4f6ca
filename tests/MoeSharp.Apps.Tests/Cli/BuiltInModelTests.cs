using System.Text.Json;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary>The first command of the README, and the other ways to the model that is built in.</summary>
public class BuiltInModelTests
{
    private const string Prompt = "It was a dark and stormy night";

    [Fact]
    public async Task The_first_command_streams_a_text_and_shows_the_experts()
    {
        CommandRun run = await CommandRun.Of("run", Prompt, "--max-tokens", "24");
        run.ExitCode.ShouldBe(0, run.Error);
        run.Output.ShouldStartWith(Prompt);
        run.Output.ShouldContain("Which experts did the work");
        run.Output.Split('\n').Count(line => line.StartsWith("  layer", StringComparison.Ordinal)).ShouldBe(
            Model.Tiny.Decoder.ExpertLayers.Count());
        run.Error.ShouldContain("24 new");
    }

    [Fact]
    public async Task Only_the_text_is_printed_without_experts()
    {
        CommandRun run = await CommandRun.Of("run", Prompt, "--max-tokens", "4", "--no-experts", "--temperature", "0");
        run.ExitCode.ShouldBe(0, run.Error);
        run.Output.ShouldNotContain("layer  0");
        string expected = Prompt + Model.Tiny.Generate(Prompt, new() { MaxTokens = 4 }, TestContext.Current.CancellationToken);
        run.Output.TrimEnd('\n', '\r').ShouldBe(expected);
    }

    [Fact]
    public async Task A_stop_text_ends_it_and_is_not_printed()
    {
        CommandRun whole = await CommandRun.Of("run", Prompt, "--max-tokens", "40", "--temperature", "0", "--json");
        string text = whole.Json().GetProperty("text").GetString()!;
        string stop = text.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        JsonElement json = (await CommandRun.Of("run", Prompt, "--max-tokens", "40", "--temperature", "0", "--stop", stop, "--json")).Json();
        json.GetProperty("finish").GetString().ShouldBe("stopText");
        json.GetProperty("text").GetString().ShouldBe(text[..text.IndexOf(stop, StringComparison.Ordinal)]);
    }

    [Fact]
    public async Task It_has_at_least_eight_experts_a_layer_and_fits_the_library()
    {
        JsonElement json = (await CommandRun.Of("inspect", "--json")).Json();
        json.GetProperty("storedTypes").GetString().ShouldBe("BF16");
        json.GetProperty("topK").GetInt32().ShouldBeGreaterThanOrEqualTo(2);
        json.GetProperty("expertsPerLayer").EnumerateArray().ShouldAllBe(count => count.GetInt32() >= 8);
        json.GetProperty("parameters").GetProperty("total").GetInt64().ShouldBeLessThanOrEqualTo(8_000_000);
    }

    [Fact]
    public async Task Look_up_gives_the_same_text_and_tells_what_it_brought()
    {
        string[] words = ["run", "the Dolphin, the Heron, the Dolphin, the Heron, the Dolphin,", "--max-tokens", "60", "--temperature", "0.3", "--seed", "4"];
        JsonElement plain = (await CommandRun.Of([.. words, "--json"])).Json(), json = (await CommandRun.Of([.. words, "--lookup", "8", "--json"])).Json();
        json.GetProperty("text").GetString().ShouldBe(plain.GetProperty("text").GetString());
        json.GetProperty("experts").ToString().ShouldBe(plain.GetProperty("experts").ToString());
        plain.TryGetProperty("lookup", out _).ShouldBeFalse();
        JsonElement lookup = json.GetProperty("lookup");
        (lookup.GetProperty("passes").GetInt32() + lookup.GetProperty("accepted").GetInt32()).ShouldBe(59);
        lookup.GetProperty("proposed").GetInt32().ShouldBeGreaterThanOrEqualTo(lookup.GetProperty("accepted").GetInt32());
        (await CommandRun.Of([.. words, "--lookup", "8"])).Error.ShouldContain("guessed tokens were right");
        (await CommandRun.Of([.. words, "--lookup", "-1"])).ShouldFail(2, "LookupTokens must be between 0 and 128, got -1");
    }

    [Fact]
    public async Task Its_logits_can_be_written()
    {
        using var folder = new RunFolder();
        JsonElement json = (await CommandRun.Of("logits", "tiny", "--ids", "1,2,3", "--out", folder.PathOf("out.safetensors"), "--json")).Json();
        json.GetProperty("tokens").GetInt32().ShouldBe(3);
        json.GetProperty("expertLayers").GetInt32().ShouldBe(Model.Tiny.Decoder.ExpertLayers.Count());
    }

    [Fact]
    public async Task A_prompt_longer_than_its_positions_is_refused()
    {
        string prompt = string.Join(' ', Enumerable.Repeat("night", Model.Tiny.Config.PositionCount + 1));
        (await CommandRun.Of("run", prompt)).ShouldFail(1, $"{Model.Tiny.Config.PositionCount}", "Shorten the prompt");
    }
}
