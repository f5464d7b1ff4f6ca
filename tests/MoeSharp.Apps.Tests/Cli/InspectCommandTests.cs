using System.Text.Json;

namespace MoeSharp.Apps.Tests.Cli;

public class InspectCommandTests
{
    // Mixtral of the golden folder: V 320, D 64, L 3, H 8, G 2, d 8, F 96, E 8, K 2, head not tied.
    private const long Matrix = 320 * 64;
    private const long Attention = 3 * ((64 * 64) + (2 * 16 * 64) + (64 * 64));
    private const long Router = 3 * 8 * 64;
    private const long Expert = 3 * 96 * 64;
    private const long Norms = ((2 * 3) + 1) * 64;

    [Fact]
    public async Task Parameters_are_counted_by_part()
    {
        JsonElement json = (await CommandRun.Of("inspect", GoldenFolder.Mixtral, "--json")).Json();
        json.GetProperty("family").GetString().ShouldBe("mixtral");
        json.GetProperty("storedTypes").GetString().ShouldBe("BF16");
        JsonElement parameters = json.GetProperty("parameters");
        long total = (2 * Matrix) + Attention + Router + (3 * 8 * Expert) + Norms;
        parameters.GetProperty("total").GetInt64().ShouldBe(total);
        parameters.GetProperty("active").GetInt64().ShouldBe(Matrix + Attention + Router + (3 * 2 * Expert));
        parameters.GetProperty("embedding").GetInt64().ShouldBe(Matrix);
        json.GetProperty("topK").GetInt32().ShouldBe(2);
        json.GetProperty("expertsPerLayer").EnumerateArray().Select(count => count.GetInt32()).ShouldBe([8, 8, 8]);
        json.GetProperty("parts").EnumerateObject().Sum(part => part.Value.GetProperty("parameters").GetInt64()).ShouldBe(total);
    }

    [Fact]
    public async Task Bytes_are_those_of_the_file()
    {
        JsonElement json = (await CommandRun.Of("inspect", GoldenFolder.Mixtral, "--json")).Json();
        json.GetProperty("bytes").GetInt64().ShouldBe(2 * json.GetProperty("parameters").GetProperty("total").GetInt64());
        foreach (JsonProperty part in json.GetProperty("parts").EnumerateObject())
        {
            part.Value.GetProperty("bytes").GetInt64().ShouldBe(2 * part.Value.GetProperty("parameters").GetInt64(), part.Name);
        }
    }

    [Fact]
    public async Task A_dense_model_touches_all_but_its_embedding_and_vectors()
    {
        JsonElement json = (await CommandRun.Of("inspect", GoldenFolder.Mistral, "--json")).Json();
        json.GetProperty("topK").GetInt32().ShouldBe(0);
        json.GetProperty("expertsPerLayer").EnumerateArray().ShouldAllBe(count => count.GetInt32() == 0);
        JsonElement parameters = json.GetProperty("parameters");
        long norms = json.GetProperty("parts").GetProperty("norms").GetProperty("parameters").GetInt64();
        parameters.GetProperty("active").GetInt64().ShouldBe(
            parameters.GetProperty("total").GetInt64() - parameters.GetProperty("embedding").GetInt64() - norms);
    }

    [Fact]
    public async Task The_table_says_it_to_a_person()
    {
        CommandRun run = await CommandRun.Of("inspect", GoldenFolder.Mixtral);
        run.ExitCode.ShouldBe(0, run.Error);
        run.Output.ShouldContain("MixtralForCausalLM");
        run.Output.ShouldContain("8 a layer in 3 of 3 layers, top-2");
        run.Output.ShouldContain("experts");
    }

    [Fact]
    public async Task A_file_of_the_folder_will_do() =>
        (await CommandRun.Of("inspect", Path.Combine(GoldenFolder.Mixtral, "model.safetensors"), "--json")).Json()
            .GetProperty("family").GetString().ShouldBe("mixtral");

    [Fact]
    public async Task A_gguf_file_is_inspected_as_it_is_stored()
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Golden", "mixtral.bf16.gguf");
        JsonElement json = (await CommandRun.Of("inspect", file, "--json")).Json();
        json.GetProperty("family").GetString().ShouldBe("mixtral");
        foreach (JsonProperty part in json.GetProperty("parts").EnumerateObject())
        {
            int width = part.Name is "norms" or "router" ? 4 : 2; // these are F32 in every file
            part.Value.GetProperty("bytes").GetInt64().ShouldBe(width * part.Value.GetProperty("parameters").GetInt64(), part.Name);
        }

        json.GetProperty("parts").EnumerateObject().Sum(part => part.Value.GetProperty("parameters").GetInt64())
            .ShouldBe(json.GetProperty("parameters").GetProperty("total").GetInt64());
        (await CommandRun.Of("plan", file, "--bandwidth", "10", "--gflops", "10")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Every_tensor_is_listed_with_its_place()
    {
        foreach (string model in (string[])[GoldenFolder.Mixtral, Path.Combine(AppContext.BaseDirectory, "Golden", "mixtral.bf16.gguf"), "tiny"])
        {
            JsonElement json = (await CommandRun.Of("inspect", model, "--json")).Json();
            JsonElement[] tensors = [.. json.GetProperty("tensors").EnumerateArray()];
            tensors.Sum(tensor => tensor.GetProperty("parameters").GetInt64()).ShouldBe(json.GetProperty("parameters").GetProperty("total").GetInt64());
            tensors.Sum(tensor => tensor.GetProperty("bytes").GetInt64()).ShouldBe(json.GetProperty("bytes").GetInt64());
            foreach (JsonElement tensor in tensors)
            {
                tensor.GetProperty("shape").EnumerateArray().Aggregate(1L, (product, size) => product * size.GetInt64())
                    .ShouldBe(tensor.GetProperty("parameters").GetInt64());
                tensor.GetProperty("type").GetString().ShouldBeOneOf("BF16", "F32");
                tensor.GetProperty("offset").GetInt64().ShouldBeGreaterThan(0);
                tensor.GetProperty("name").GetString().ShouldNotBeNullOrEmpty();
                tensor.GetProperty("file").GetString().ShouldNotBeNullOrEmpty();
            }

            json.GetProperty("cacheBytesPerToken").GetInt64().ShouldBeGreaterThan(0);
        }
    }
}
