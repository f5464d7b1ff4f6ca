using System.Text.Json;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary>A run from text to a model that speaks, through the command.</summary>
public class TrainCommandTests
{
    [Fact]
    public async Task A_recipe_becomes_a_model_that_runs()
    {
        using var folder = new RunFolder();
        JsonElement trained = (await CommandRun.Of("train", folder.Recipe(steps: 60), "--out", folder.Run, "--json")).Json();
        string model = trained.GetProperty("model").GetString()!;
        trained.GetProperty("steps").GetInt64().ShouldBe(60);
        trained.GetProperty("tokens").GetInt64().ShouldBe(60 * 4 * 32);
        trained.GetProperty("seconds").GetDouble().ShouldBeGreaterThan(0);
        double loss = trained.GetProperty("heldOutLoss").GetDouble(), bits = trained.GetProperty("bitsPerByte").GetDouble();
        loss.ShouldBeLessThan(Math.Log(320) - 1, "it learned something");
        long tokens = trained.GetProperty("heldOutTokens").GetInt64(), bytes = trained.GetProperty("heldOutBytes").GetInt64();
        bits.ShouldBe(loss / Math.Log(2) * tokens / bytes, 1e-6);
        foreach (string name in (string[])["config.json", "model.safetensors", "tokenizer.json", "generation_config.json"])
        {
            File.Exists(Path.Combine(model, name)).ShouldBeTrue(name);
        }

        string[] metrics = await File.ReadAllLinesAsync(Path.Combine(folder.Run, "metrics.jsonl"), TestContext.Current.CancellationToken);
        metrics.Count(line => line.Contains("crossEntropy")).ShouldBe(60);
        Directory.EnumerateFiles(folder.Run, "events.out.tfevents.*").ShouldNotBeEmpty();

        CommandRun run = await CommandRun.Of("run", model, "It was the", "--max-tokens", "12", "--seed", "5");
        run.ExitCode.ShouldBe(0, run.Error);
        run.Output.ShouldStartWith("It was the");
        run.Output.ShouldContain("layer  0");
        run.Error.ShouldContain("tokens/s");
        CommandRun again = await CommandRun.Of("run", model, "It was the", "--max-tokens", "12", "--seed", "5", "--threads", "1");
        again.Output.ShouldBe(run.Output);
    }

    [Fact]
    public async Task The_document_of_a_run_adds_up()
    {
        using var folder = new RunFolder();
        (await CommandRun.Of("train", folder.Recipe(steps: 5), "--out", folder.Run)).ExitCode.ShouldBe(0);
        string model = Path.Combine(folder.Run, "model");
        JsonElement json = (await CommandRun.Of("run", model, "It was", "--max-tokens", "9", "--temperature", "0", "--json")).Json();
        json.GetProperty("prompt").GetString().ShouldBe("It was");
        int prompt = json.GetProperty("promptIds").GetArrayLength(), added = json.GetProperty("ids").GetArrayLength();
        added.ShouldBeInRange(1, 9);
        json.GetProperty("finish").GetString().ShouldBeOneOf("maxTokens", "endToken");
        json.GetProperty("text").ValueKind.ShouldBe(JsonValueKind.String);
        json.GetProperty("seconds").GetDouble().ShouldBeGreaterThan(0);
        JsonElement layers = json.GetProperty("experts");
        layers.GetArrayLength().ShouldBe(2);
        foreach (JsonElement layer in layers.EnumerateArray())
        {
            // The last token is given out, not read.
            int read = layer.GetProperty("tokens").GetInt32();
            read.ShouldBeInRange(prompt + added - 1, prompt + added);
            layer.GetProperty("counts").EnumerateArray().Sum(count => count.GetInt32()).ShouldBe(2 * read);
        }
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_bytes_at_any_thread_count()
    {
        using var folder = new RunFolder();
        string recipe = folder.Recipe(steps: 8);
        foreach (string threads in (string[])["1", "2"])
        {
            (await CommandRun.Of("train", recipe, "--out", folder.PathOf(threads), "--threads", threads)).ExitCode.ShouldBe(0);
        }

        (await WeightsAsync(folder.PathOf("1"))).ShouldBe(await WeightsAsync(folder.PathOf("2")));
    }

    [Fact]
    public async Task A_finished_run_is_not_trained_again()
    {
        using var folder = new RunFolder();
        string recipe = folder.Recipe(steps: 6);
        (await CommandRun.Of("train", recipe, "--out", folder.Run)).ExitCode.ShouldBe(0);
        byte[] weights = await WeightsAsync(folder.Run);
        CommandRun again = await CommandRun.Of("train", recipe, "--out", folder.Run);
        again.ExitCode.ShouldBe(0, again.Error);
        again.Error.ShouldContain("after step 6");
        (await WeightsAsync(folder.Run)).ShouldBe(weights);
    }

    [Fact]
    public async Task A_checkpoint_of_another_shape_is_refused_and_stays()
    {
        using var folder = new RunFolder();
        (await CommandRun.Of("train", folder.Recipe(steps: 6), "--out", folder.Run)).ExitCode.ShouldBe(0);
        string[] before = Directory.GetFiles(folder.Run, "*.safetensors", SearchOption.AllDirectories);
        CommandRun run = await CommandRun.Of("train", folder.Recipe(steps: 6, hiddenSize: 64), "--out", folder.Run);
        run.ExitCode.ShouldBe(1);
        run.ErrorLines[^1].ShouldStartWith("moe train: ");
        run.ErrorLines[^1].ShouldContain("safetensors");
        run.ErrorLines[^1].ShouldNotContain("--verbose and report");
        Directory.GetFiles(folder.Run, "*.safetensors", SearchOption.AllDirectories).ShouldBe(before, ignoreOrder: true);
    }

    private static Task<byte[]> WeightsAsync(string run) =>
        File.ReadAllBytesAsync(Path.Combine(run, "model", "model.safetensors"), TestContext.Current.CancellationToken);
}
