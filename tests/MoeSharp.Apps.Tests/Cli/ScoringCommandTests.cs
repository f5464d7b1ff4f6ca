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
        json.GetProperty("windowDivergences").EnumerateArray().ShouldAllBe(window => window.GetDouble() == 0);
        json.GetProperty("sameTop").GetDouble().ShouldBe(1);
        json.GetProperty("experts").EnumerateArray().ShouldAllBe(layer => layer.GetProperty("overlap").GetDouble() == 1);
        (await CommandRun.Of("diff", "tiny", "tiny", "--text", text)).Output.ShouldContain("KL divergence 0");
    }

    [Theory]
    [InlineData("--experts", "1", 1)]
    [InlineData("--top-k", "1", 1)]
    [InlineData("--expert-top-k", "1", 1)]
    [InlineData("--min-weight", "0.5", 0.5)]
    public async Task Fewer_experts_are_read_and_another_answer_is_given(string option, string value, double most)
    {
        using var folder = new RunFolder();
        string text = folder.PathOf("corpus.txt");
        JsonElement json = (await CommandRun.Of("diff", "tiny", "tiny", "--text", text, option, value, "--json")).Json();
        JsonElement experts = json.GetProperty("expertsPerToken"), bytes = json.GetProperty("bytesPerToken");
        experts.GetProperty("first").GetDouble().ShouldBe(2);
        double second = experts.GetProperty("second").GetDouble();
        second.ShouldBeInRange(1, option == "--min-weight" ? 1.999 : most);
        bytes.GetProperty("second").GetDouble().ShouldBeLessThan(bytes.GetProperty("first").GetDouble());
        json.GetProperty("meanDivergence").GetDouble().ShouldBeGreaterThan(0);
        json.GetProperty("reduction").GetProperty(option == "--min-weight" ? "minWeight" : "experts").GetDouble().ShouldBe(most);
        (await CommandRun.Of("diff", "tiny", "tiny", "--text", text, option, value)).Output.ShouldContain("experts a token 2.00 of A");

        double perplexity = (await CommandRun.Of("eval", "--perplexity", text, option, value, "--json")).Json().GetProperty("result").GetProperty("perplexity").GetDouble();
        perplexity.ShouldBe(json.GetProperty("second").GetProperty("perplexity").GetDouble(), 1e-3);
    }

    [Fact]
    public async Task A_bench_with_fewer_experts_reads_fewer_bytes()
    {
        async Task<JsonElement> Bench(params string[] more) =>
            (await CommandRun.Of(["bench", "tiny", "--only", "decode", "--repeat", "1", "--json", .. more])).Json();
        JsonElement all = await Bench(), one = await Bench("--top-k", "1");
        double BytesOf(JsonElement json) => json.GetProperty("results")[0].GetProperty("bytesPerToken").GetDouble();
        BytesOf(one).ShouldBeLessThan(BytesOf(all));
        one.GetProperty("results")[0].GetProperty("expertsTouched").GetDouble().ShouldBe(1);
        one.GetProperty("reduction").GetProperty("experts").GetInt32().ShouldBe(1);
        all.TryGetProperty("reduction", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Experts_that_are_not_there_cannot_be_asked_for()
    {
        using var folder = new RunFolder();
        string text = folder.PathOf("corpus.txt");
        (await CommandRun.Of("eval", "--perplexity", text, "--experts", "0")).ShouldFail(2, "--experts: 0 is out of range");
        (await CommandRun.Of("eval", "--perplexity", text, "--min-weight", "1.2")).ShouldFail(2, "--min-weight: 1.2 is out of range");
        (await CommandRun.Of("diff", "tiny", "tiny", "--text", text, "--experts", "3")).ShouldFail(1, "choose 2", "Use 1 to 2");
        (await CommandRun.Of("run", "It was", "--experts", "3")).ShouldFail(1, "choose 2");
        (await CommandRun.Of("bench", "tiny", "--experts", "3")).ShouldFail(1, "choose 2");
        (await CommandRun.Of("bench", "--experts", "1")).ShouldFail(2, "about a model");
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
