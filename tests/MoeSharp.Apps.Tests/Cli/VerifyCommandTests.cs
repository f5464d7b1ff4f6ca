using System.Text.Json;

namespace MoeSharp.Apps.Tests.Cli;

public class VerifyCommandTests
{
    [Fact]
    public async Task A_sound_folder_ends_with_0_and_says_what_it_is()
    {
        using var folder = new RunFolder();
        foreach (string name in (string[])["config.json", "model.safetensors"])
        {
            File.Copy(Path.Combine(GoldenFolder.Mixtral, name), folder.PathOf(name), overwrite: true);
        }

        File.Delete(folder.PathOf("recipe.json"));
        JsonElement json = (await CommandRun.Of("verify", folder.Root, "--deep", "--json")).Json();
        json.GetProperty("sound").GetBoolean().ShouldBeTrue();
        json.GetProperty("model").GetString().ShouldBe("mixtral");
        json.GetProperty("findings").GetArrayLength().ShouldBe(0);
        json.GetProperty("scannedBytes").GetInt64().ShouldBeGreaterThan(0);

        CommandRun text = await CommandRun.Of("verify", folder.Root);
        text.ExitCode.ShouldBe(0);
        text.Output.ShouldContain("model.safetensors: safetensors");
        text.Output.ShouldContain("sound; mixtral");
    }

    [Fact]
    public async Task A_faulty_file_ends_with_1_and_names_tensor_and_byte()
    {
        using var folder = new RunFolder();
        string path = folder.PathOf("model.safetensors");
        File.WriteAllBytes(path, File.ReadAllBytes(Path.Combine(GoldenFolder.Mixtral, "model.safetensors"))[..^2]);

        CommandRun run = await CommandRun.Of("verify", path);

        run.ExitCode.ShouldBe(1);
        run.Output.ShouldContain("fault: model.safetensors, tensor '");
        run.Output.ShouldContain("cut short");
        run.Output.ShouldContain("faulty: 1 fault");
        run.Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_missing_path_fails_in_one_line() => (await CommandRun.Of("verify", "no-such-model")).ShouldFail(1, "no-such-model");
}
