using System.Text.Json;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary><c>moe eval</c> and <c>moe diff</c>; the library's tests hold the figures.</summary>
public class ScoringCommandTests
{
    [Fact]
    public async Task Perplexity_and_bits_per_byte_are_told()
    {
        using var folder = new RunFolder();
        string text = folder.PathOf("corpus.txt");
        JsonElement json = (await CommandRun.Of("eval", "--perplexity", text, "--json", "--window", "64")).Json();
        JsonElement result = json.GetProperty("result");
        double nats = result.GetProperty("meanNats").GetDouble();
        result.GetProperty("perplexity").GetDouble().ShouldBe(Math.Exp(nats), 1e-6);
        result.GetProperty("bitsPerByte").GetDouble()
            .ShouldBe(nats * json.GetProperty("tokens").GetInt64() / Math.Log(2) / json.GetProperty("bytes").GetInt64(), 1e-6);
        CommandRun run = await CommandRun.Of("eval", "tiny", "--perplexity", text, "--window", "64");
        run.Output.ShouldContain("bits per byte");
    }

    [Fact]
    public async Task A_model_agrees_with_itself()
    {
        using var folder = new RunFolder();
        string text = folder.PathOf("corpus.txt");
        JsonElement json = (await CommandRun.Of("diff", "tiny", "tiny", "--text", text, "--json")).Json();
        json.GetProperty("largestDivergence").GetDouble().ShouldBe(0);
        json.GetProperty("sameTop").GetDouble().ShouldBe(1);
        json.GetProperty("experts").EnumerateArray().ShouldAllBe(layer => layer.GetProperty("overlap").GetDouble() == 1);
        (await CommandRun.Of("diff", "tiny", "tiny", "--text", text)).Output.ShouldContain("KL divergence 0");
    }

    [Fact]
    public async Task Faults_are_one_line()
    {
        using var folder = new RunFolder();
        string text = folder.PathOf("corpus.txt"), empty = folder.PathOf("empty.txt");
        await File.WriteAllTextAsync(empty, "", TestContext.Current.CancellationToken);
        (await CommandRun.Of("eval", "--perplexity", folder.PathOf("none.txt"))).ShouldFail(1, "none.txt");
        (await CommandRun.Of("eval", "--perplexity", empty)).ShouldFail(1, "empty.txt");
        (await CommandRun.Of("eval", "--perplexity", text, "--window", "1")).ShouldFail(1, "window");
        (await CommandRun.Of("eval", "--perplexity", text, "--window", "1000000")).ShouldFail(1, "positions");
        (await CommandRun.Of("diff", "tiny", GoldenFolder.Mixtral, "--text", text)).ShouldFail(1, "vocabular");
        (await CommandRun.Of("eval")).ShouldFail(2, "--perplexity");
    }
}
