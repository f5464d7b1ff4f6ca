using System.Text.Json;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary><c>moe plan</c>, and the synthetic models of <c>moe bench</c>.</summary>
public class PlanCommandTests
{
    [Fact]
    public async Task A_plan_tells_what_fits_and_how_fast_it_should_run()
    {
        JsonElement json = (await CommandRun.Of(
            "plan", GoldenFolder.Mixtral, "--ram", "16GB", "--context", "100", "--bandwidth", "20", "--gflops", "100", "--json")).Json();
        json.GetProperty("ramBytes").GetInt64().ShouldBe(16_000_000_000);
        json.GetProperty("cacheBytesPerToken").GetInt64().ShouldBe(2 * 3 * 2 * 8 * 4);
        JsonElement[] choices = [.. json.GetProperty("choices").EnumerateArray()];
        choices[0].GetProperty("name").GetString().ShouldBe("stored");
        choices[0].GetProperty("bytes").GetInt64().ShouldBe(2 * json.GetProperty("parameters").GetProperty("total").GetInt64());
        choices.ShouldAllBe(choice => choice.GetProperty("fits").GetBoolean() && choice.GetProperty("decodeTokensPerSecond").GetDouble() > 0);
        choices.Select(choice => choice.GetProperty("name").GetString()).ShouldContain("Q4_0");
        json.GetProperty("best").GetString().ShouldBe("F32");
    }

    [Fact]
    public async Task What_does_not_fit_is_told_with_what_does()
    {
        string[] machine = ["--bandwidth", "20", "--gflops", "100"];
        CommandRun none = await CommandRun.Of(["plan", "tiny", "--ram", "1MB", .. machine]);
        none.ExitCode.ShouldBe(0, none.Error);
        none.Output.ShouldContain("no format");
        JsonElement json = (await CommandRun.Of(["plan", "tiny", "--json", .. machine])).Json();
        long stored = json.GetProperty("choices")[0].GetProperty("totalBytes").GetInt64();
        CommandRun smaller = await CommandRun.Of(["plan", "tiny", "--ram", $"{stored - 1}B", .. machine]);
        smaller.Output.ShouldContain("does not fit as it is stored");
    }

    [Theory]
    [InlineData("--ram", "much", "much")]
    [InlineData("--context", "1000000", "positions")]
    [InlineData("--gflops", "-1", "greater")]
    public async Task Options_out_of_range_are_wrong_usage(string option, string value, string part) =>
        (await CommandRun.Of("plan", "tiny", "--bandwidth", "1", option, value)).ShouldFail(2, part);
}
