using System.Text;
using System.Text.Json;
using MoeSharp.Tests.Formats.Hub;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary><c>moe pull</c> against a hub on this machine; the library's tests have the misbehaving ones.</summary>
public class PullCommandTests
{
    [Fact]
    public async Task A_model_is_pulled_and_there_the_second_time()
    {
        using HubServer server = Server();
        using var folder = new RunFolder();
        string target = folder.PathOf("model");
        CommandRun run = await CommandRun.Of("pull", HubServer.Repository, "--hub", server.Address.ToString(), "--to", target);
        run.ExitCode.ShouldBe(0, run.Error);
        run.Output.ShouldContain("model.safetensors");
        File.Exists(Path.Combine(target, "model.safetensors")).ShouldBeTrue();
        File.Exists(Path.Combine(target, "README.md")).ShouldBeFalse("nobody needs it to run the model");

        JsonElement json = (await CommandRun.Of("pull", HubServer.Repository, "--hub", server.Address.ToString(), "--to", target, "--json")).Json();
        json.GetProperty("files").EnumerateArray().Sum(file => file.GetProperty("receivedBytes").GetInt64()).ShouldBe(0);
        json.GetProperty("commit").GetString().ShouldBe("0123abcd");
    }

    [Fact]
    public async Task Faults_are_one_line()
    {
        using HubServer server = Server();
        using var folder = new RunFolder();
        string hub = server.Address.ToString();
        (await CommandRun.Of("pull", "owner/other", "--hub", hub, "--to", folder.Root)).ShouldFail(1, "404", "owner/other");
        (await CommandRun.Of("pull", "small-model", "--hub", hub)).ShouldFail(1, "OWNER/NAME");
        (await CommandRun.Of("pull", HubServer.Repository, "--hub", "ftp://x")).ShouldFail(2, "ftp://x");
        (await CommandRun.Of("pull", HubServer.Repository, "--hub", hub, "--file", "*.gguf", "--to", folder.Root)).ShouldFail(1, "*.gguf");
        server["../evil.json"] = [1];
        (await CommandRun.Of("pull", HubServer.Repository, "--hub", hub, "--to", folder.PathOf("target"))).ShouldFail(1, "../evil.json");
    }

    private static HubServer Server() => new()
    {
        ["README.md"] = Encoding.UTF8.GetBytes("# hello"),
        ["config.json"] = Encoding.UTF8.GetBytes("{}"),
        ["model.safetensors"] = HubServer.Bytes(50_000, 3),
    };
}
