using MoeSharp.Formats.Hub;

namespace MoeSharp.Tests.Formats.Hub;

/// <summary>Which files of a repository are brought.</summary>
public class HubSelectionTests
{
    [Fact]
    public void A_safetensors_model_is_configuration_tokenizer_and_weights() =>
        Choose([], "README.md", "config.json", "tokenizer.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            "model.safetensors.index.json", "consolidated.safetensors", "pytorch_model.bin", "onnx/model.onnx", "sub/config.json", "m.gguf")
            .ShouldBe(["config.json", "tokenizer.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]);

    [Fact]
    public void All_parts_of_a_single_gguf_model_come() =>
        Choose([], "README.md", "x/m-00001-of-00002.gguf", "x/m-00002-of-00002.gguf")
            .ShouldBe(["x/m-00001-of-00002.gguf", "x/m-00002-of-00002.gguf"]);

    [Fact]
    public void Among_several_gguf_models_one_must_be_chosen()
    {
        HubException fault = Should.Throw<HubException>(() => Choose([], "m-Q4_K_M.gguf", "m-Q8_0.gguf", "config.json"));
        fault.Message.ShouldContain("--file");
        fault.Message.ShouldContain("m-Q4_K_M.gguf");
        fault.Message.ShouldContain("m-Q8_0.gguf");
        Choose(["*Q4_K_M*"], "m-Q4_K_M.gguf", "m-Q8_0.gguf").ShouldBe(["m-Q4_K_M.gguf"]);
    }

    [Fact]
    public void A_repository_without_weights_and_a_pattern_without_files_are_told()
    {
        Should.Throw<HubException>(() => Choose([], "README.md")).Message.ShouldContain("README.md");
        Should.Throw<HubException>(() => Choose(["*.gguf"], "README.md")).Message.ShouldContain("*.gguf");
    }

    private static string[] Choose(string[] patterns, params string[] paths) =>
        [.. HubSelection.Choose(new HubListing("o/n", "main", null, [.. paths.Select(path => new HubFile(path, 5, null, null))]), patterns).Select(file => file.Path)];
}
