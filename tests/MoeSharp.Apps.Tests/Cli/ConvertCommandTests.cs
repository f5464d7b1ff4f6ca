using System.Text.Json;

namespace MoeSharp.Apps.Tests.Cli;

public class ConvertCommandTests
{
    [Fact]
    public async Task A_folder_becomes_a_file_and_a_folder_again()
    {
        using var folder = new RunFolder();
        JsonElement json = (await CommandRun.Of("convert", GoldenFolder.Mixtral, folder.PathOf("model.gguf"), "--json")).Json();
        json.GetProperty("layout").GetString().ShouldBe("llama");
        json.GetProperty("file").GetString().ShouldBe(folder.PathOf("model.gguf"));
        json.GetProperty("all").GetProperty("error").GetDouble().ShouldBe(0);

        CommandRun back = await CommandRun.Of("convert", folder.PathOf("model.gguf"), folder.PathOf("back"));
        back.ExitCode.ShouldBe(0, back.Error);
        back.Output.ShouldContain("mixtral, ");
        File.ReadAllBytes(Path.Combine(folder.PathOf("back"), "model.safetensors"))
            .ShouldBe(File.ReadAllBytes(Path.Combine(GoldenFolder.Mixtral, "model.safetensors")));
    }

    [Fact]
    public async Task What_is_there_is_replaced_only_with_force()
    {
        using var folder = new RunFolder();
        (await CommandRun.Of("convert", "tiny", folder.PathOf("tiny.gguf"))).ExitCode.ShouldBe(0);
        (await CommandRun.Of("convert", "tiny", folder.PathOf("tiny.gguf"))).ShouldFail(1, "is there already", "--force");
        (await CommandRun.Of("convert", "tiny", folder.PathOf("tiny.gguf"), "--force", "--type", "f16")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Only_float_types_are_converted_to()
    {
        using var folder = new RunFolder();
        (await CommandRun.Of("convert", "tiny", folder.PathOf("tiny.gguf"), "--type", "q4_0")).ShouldFail(2, "'q4_0' is no float type", "moe quantize");
        (await CommandRun.Of("convert", folder.PathOf("nothing"), folder.PathOf("tiny.gguf"))).ShouldFail(1, "there is no such folder or file");
    }
}
