namespace MoeSharp.Apps.Tests.Cli;

/// <summary>The likely faults: one clear line each, exit code 1, nothing half done.</summary>
public class FaultTests
{
    [Theory]
    [InlineData("run", "no-such-model", "hello")]
    [InlineData("inspect", "no-such-model")]
    [InlineData("logits", "no-such-model", "--ids", "5", "--out", "never.safetensors")]
    public async Task A_missing_model_is_named(params string[] arguments) =>
        (await CommandRun.Of(arguments)).ShouldFail(1, "no-such-model");

    [Fact]
    public async Task A_family_that_is_not_known_is_named_with_those_that_are()
    {
        using var folder = new RunFolder();
        await WriteAsync(folder.PathOf("config.json"), """{"model_type": "mystery"}""");
        (await CommandRun.Of("inspect", folder.Root)).ShouldFail(1, "config.json", "mystery", "mixtral");
    }

    [Fact]
    public async Task A_damaged_file_of_weights_is_named()
    {
        using var folder = new RunFolder();
        File.Copy(Path.Combine(GoldenFolder.Mixtral, "config.json"), folder.PathOf("config.json"));
        await WriteAsync(folder.PathOf("model.safetensors"), "these are no weights, whatever the name says");
        (await CommandRun.Of("inspect", folder.Root)).ShouldFail(1, "model.safetensors");
        (await CommandRun.Of("logits", folder.Root, "--ids", "5", "--out", folder.PathOf("out.safetensors"))).ShouldFail(1, "model.safetensors");
        File.Exists(folder.PathOf("out.safetensors")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_model_without_tokenizer_cannot_read_a_text() =>
        (await CommandRun.Of("run", GoldenFolder.Mixtral, "hello")).ShouldFail(1, "tokenizer");

    [Fact]
    public async Task A_token_that_is_not_in_the_vocabulary_is_named()
    {
        using var folder = new RunFolder();
        (await CommandRun.Of("logits", GoldenFolder.Mixtral, "--ids", "5,320", "--out", folder.PathOf("out.safetensors")))
            .ShouldFail(1, "320");
        File.Exists(folder.PathOf("out.safetensors")).ShouldBeFalse();
    }

    [Fact]
    public async Task More_tokens_than_positions_are_refused()
    {
        using var folder = new RunFolder();
        string ids = string.Join(',', Enumerable.Repeat(7, 257));
        (await CommandRun.Of("logits", GoldenFolder.Mixtral, "--ids", ids, "--out", folder.PathOf("out.safetensors")))
            .ShouldFail(1, "257", "256");
    }

    [Fact]
    public async Task An_output_that_cannot_be_written_is_named() =>
        (await CommandRun.Of("logits", GoldenFolder.Mixtral, "--ids", "5", "--out", "/no-such-folder/out.safetensors"))
            .ShouldFail(1, "no-such-folder");

    [Fact]
    public async Task A_recipe_tells_all_its_faults_at_once()
    {
        using var folder = new RunFolder();
        string recipe = folder.PathOf("wrong.json");
        await WriteAsync(recipe, """
            {
              "corpus": { "paths": ["corpus.txt"], "heldOutShare": 2, "colour": "blue" },
              "tokenizer": { "vocabularySize": 10 },
              "model": { "model_type": "mixtral" },
              "training": { "stepCount": 0, "learningRate": -1, "shedule": "cosine" },
              "extra": 1
            }
            """);
        CommandRun run = await CommandRun.Of("train", recipe, "--out", folder.Run);
        run.ExitCode.ShouldBe(1);
        run.Output.ShouldBeEmpty();
        run.ErrorLines[0].ShouldStartWith("moe train: ");
        foreach (string fault in (string[])["heldOutShare", "colour", "vocabularySize", "hidden_size", "stepCount", "learningRate", "shedule", "extra"])
        {
            run.Error.ShouldContain(fault);
        }

        run.Error.ShouldNotContain("--verbose and report");
        Directory.Exists(folder.Run).ShouldBeFalse();
    }

    [Theory]
    [InlineData("not json", "JSON")]
    [InlineData("[1, 2]", "object")]
    public async Task A_recipe_that_is_no_json_object_is_refused(string text, string part)
    {
        using var folder = new RunFolder();
        await WriteAsync(folder.PathOf("wrong.json"), text);
        (await CommandRun.Of("train", folder.PathOf("wrong.json"), "--out", folder.Run)).ShouldFail(1, "wrong.json", part);
    }

    [Fact]
    public async Task A_missing_recipe_is_named() =>
        (await CommandRun.Of("train", "no-such-recipe.json", "--out", "never")).ShouldFail(1, "no-such-recipe.json");

    [Fact]
    public async Task A_corpus_that_is_not_there_is_named()
    {
        using var folder = new RunFolder();
        (await CommandRun.Of("train", folder.Recipe(corpus: "elsewhere.txt"), "--out", folder.Run)).ShouldFail(1, "elsewhere.txt");
    }

    [Fact]
    public async Task A_corpus_that_is_no_text_is_named()
    {
        using var folder = new RunFolder();
        await File.WriteAllBytesAsync(folder.PathOf("bytes.txt"), [0x41, 0xFF, 0xFE, 0x42], TestContext.Current.CancellationToken);
        (await CommandRun.Of("train", folder.Recipe(corpus: "bytes.txt"), "--out", folder.Run)).ShouldFail(1, "bytes.txt", "UTF-8");
    }

    private static Task WriteAsync(string path, string text) =>
        File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
}
