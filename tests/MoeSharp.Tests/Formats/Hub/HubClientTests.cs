using System.Text;
using MoeSharp.Formats.Hub;

namespace MoeSharp.Tests.Formats.Hub;

/// <summary>Downloads from a hub that drops connections, truncates, corrupts and redirects.</summary>
public class HubClientTests
{
    private const string Weights = "model.safetensors";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_model_arrives_with_its_bytes_and_its_files_in_folders()
    {
        using HubServer server = Server();
        server["sub dir/ümlaut.json"] = "{}"u8.ToArray();
        using var folder = new TemporaryFolder();
        IReadOnlyList<HubOutcome> outcomes = await PullAsync(server, folder, "*");
        outcomes.Count.ShouldBe(3);
        foreach (HubOutcome outcome in outcomes)
        {
            (await BytesAsync(folder, outcome.Path)).ShouldBe(server[outcome.Path]);
            outcome.Checked.ShouldBe(outcome.Path == Weights ? "SHA-256" : "git id");
        }

        Directory.GetFiles(folder.Path, "*.part*", SearchOption.AllDirectories).ShouldBeEmpty();
        (await PullAsync(server, folder, "*")).ShouldAllBe(outcome => outcome.ReceivedBytes == 0, "all was there");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dropped_connections_go_on_where_they_stopped(bool resets)
    {
        using HubServer server = Server();
        int drops = 0;
        server.Misbehave = (path, headers) =>
        {
            if (!path.EndsWith(Weights, StringComparison.Ordinal) || ++drops > 12)
            {
                return null;
            }

            HubServer.Reply whole = server.Serve(Weights, headers);
            return new HubServer.Reply(whole.Status, whole.Body, whole.Headers) { SentBytes = 20_000, Resets = resets };
        };
        using var folder = new TemporaryFolder();
        IReadOnlyList<HubOutcome> outcomes = await PullAsync(server, folder, Weights);
        (await BytesAsync(folder, Weights)).ShouldBe(server[Weights]);
        drops.ShouldBe(13);
        server.Requests.Last().Headers.ShouldContainKey("range");
        if (!resets)
        {
            outcomes[0].ReceivedBytes.ShouldBe(server[Weights].Length, "nothing was fetched twice");
        }
    }

    [Fact]
    public async Task A_cancelled_download_leaves_its_part_and_is_gone_on_with()
    {
        using HubServer server = Server();
        server.Misbehave = (path, headers) => path.EndsWith(Weights, StringComparison.Ordinal)
            ? new HubServer.Reply(200, server[Weights], server.Serve(Weights, headers).Headers) { SentBytes = 100_000, Silence = TimeSpan.FromMinutes(1) }
            : null;
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        var progress = new Watch(value =>
        {
            if (value.DoneBytes == 100_000)
            {
                stop.Cancel();
            }
        });
        await Should.ThrowAsync<OperationCanceledException>(() => PullAsync(server, folder, Weights, progress: progress, cancellation: stop.Token));
        File.Exists(folder[Weights]).ShouldBeFalse("an unfinished file never has the name of a finished one");
        new FileInfo(folder[Weights + ".part"]).Length.ShouldBe(100_000);

        server.Misbehave = (_, _) => null;
        IReadOnlyList<HubOutcome> outcomes = await PullAsync(server, folder, Weights);
        outcomes[0].ReceivedBytes.ShouldBe(server[Weights].Length - 100_000);
        (await BytesAsync(folder, Weights)).ShouldBe(server[Weights]);
    }

    [Fact]
    public async Task A_corrupted_answer_is_not_kept_and_fetched_again()
    {
        using HubServer server = Server();
        bool once = false;
        server.Misbehave = (path, headers) =>
        {
            if (!path.EndsWith(Weights, StringComparison.Ordinal) || once)
            {
                return null;
            }

            once = true;
            byte[] wrong = (byte[])server[Weights].Clone();
            wrong[12345] ^= 1;
            return new HubServer.Reply(200, wrong, server.Serve(Weights, headers).Headers);
        };
        using var folder = new TemporaryFolder();
        await PullAsync(server, folder, Weights);
        (await BytesAsync(folder, Weights)).ShouldBe(server[Weights]);
    }

    [Fact]
    public async Task A_part_whose_bytes_are_wrong_is_thrown_away()
    {
        using HubServer server = Server();
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder[Weights + ".part"], new byte[50_000], Cancellation);
        await PullAsync(server, folder, Weights);
        (await BytesAsync(folder, Weights)).ShouldBe(server[Weights]);
    }

    [Fact]
    public async Task A_complete_part_is_finished_without_its_bytes()
    {
        using HubServer server = Server();
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder[Weights + ".part"], server[Weights], Cancellation);
        (await PullAsync(server, folder, Weights))[0].ReceivedBytes.ShouldBe(0);
        (await BytesAsync(folder, Weights)).ShouldBe(server[Weights]);
    }

    [Fact]
    public async Task A_hub_that_is_always_wrong_is_told_of_and_nothing_is_kept()
    {
        using HubServer server = Server();
        server.Misbehave = (path, headers) => path.EndsWith(Weights, StringComparison.Ordinal)
            ? new HubServer.Reply(200, new byte[server[Weights].Length], server.Serve(Weights, headers).Headers)
            : null;
        using var folder = new TemporaryFolder();
        HubException fault = await Should.ThrowAsync<HubException>(() => PullAsync(server, folder, Weights));
        fault.Message.ShouldContain("SHA-256");
        fault.Message.ShouldContain(Weights);
        Directory.GetFiles(folder.Path).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Another_length_than_listed_is_refused(int more)
    {
        using HubServer server = Server();
        server.Misbehave = (path, _) => path.EndsWith(Weights, StringComparison.Ordinal)
            ? new HubServer.Reply(200, HubServer.Bytes(server[Weights].Length + more, 1))
            : null;
        using var folder = new TemporaryFolder();
        (await Should.ThrowAsync<HubException>(() => PullAsync(server, folder, Weights))).Message.ShouldContain("bytes");
        File.Exists(folder[Weights]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_body_without_an_end_is_cut_at_the_listed_length()
    {
        using HubServer server = Server();
        server.Misbehave = (path, _) => path.EndsWith(Weights, StringComparison.Ordinal)
            ? new HubServer.Reply(200, HubServer.Bytes(server[Weights].Length * 3, 1)) { TellsLength = false }
            : null;
        using var folder = new TemporaryFolder();
        (await Should.ThrowAsync<HubException>(() => PullAsync(server, folder, Weights))).Message.ShouldContain("more than");
    }

    [Fact]
    public async Task Without_ranges_the_file_starts_over()
    {
        using HubServer server = Server();
        server.KnowsRanges = false;
        bool once = false;
        server.Misbehave = (path, headers) =>
        {
            if (!path.EndsWith(Weights, StringComparison.Ordinal) || once)
            {
                return null;
            }

            once = true;
            HubServer.Reply whole = server.Serve(Weights, headers);
            return new HubServer.Reply(200, whole.Body, whole.Headers) { SentBytes = 90_000 };
        };
        using var folder = new TemporaryFolder();
        await PullAsync(server, folder, Weights);
        (await BytesAsync(folder, Weights)).ShouldBe(server[Weights]);
    }

    [Fact]
    public async Task A_file_that_changed_on_the_hub_is_not_mixed_from_two_versions()
    {
        using HubServer server = Server();
        server.ListsFacts = false;
        server.IsLarge = _ => false;
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder[Weights + ".part"], HubServer.Bytes(50_000, 99), Cancellation);
        await File.WriteAllTextAsync(folder[Weights + ".part.etag"], "\"of another version\"", Cancellation);
        await PullAsync(server, folder, Weights);
        (await BytesAsync(folder, Weights)).ShouldBe(server[Weights]);
    }

    [Fact]
    public async Task Servers_that_are_busy_are_asked_again_and_silent_ones_left()
    {
        using HubServer server = Server();
        int count = 0;
        server.Misbehave = (path, _) => (++count) switch
        {
            1 => new HubServer.Reply(503, []),
            2 => new HubServer.Reply(429, [], ("Retry-After", "0")),
            4 => new HubServer.Reply(500, []),
            5 => new HubServer.Reply(200, server[Weights]) { SentBytes = 1000, Silence = TimeSpan.FromSeconds(30) },
            _ => null,
        };
        using var folder = new TemporaryFolder();
        await PullAsync(server, folder, Weights, silence: TimeSpan.FromSeconds(1));
        (await BytesAsync(folder, Weights)).ShouldBe(server[Weights]);
    }

    [Fact]
    public async Task A_token_goes_to_the_hub_and_not_to_a_host_it_redirects_to()
    {
        using HubServer server = Server(), storage = Server();
        string host = storage.Address.ToString().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        server.Misbehave = (path, _) => path.EndsWith(Weights, StringComparison.Ordinal)
            ? new HubServer.Reply(302, [], ("Location", $"{host}{HubServer.Repository}/resolve/main/{Weights}"))
            : null;
        using var folder = new TemporaryFolder();
        await PullAsync(server, folder, Weights, token: "hf_secret");
        (await BytesAsync(folder, Weights)).ShouldBe(server[Weights]);
        server.Requests.ShouldAllBe(request => request.Headers["authorization"] == "Bearer hf_secret");
        storage.Requests.ShouldNotBeEmpty();
        storage.Requests.ShouldAllBe(request => !request.Headers.ContainsKey("authorization"));
    }

    [Fact]
    public async Task Another_port_is_another_host_and_endless_redirects_end()
    {
        using HubServer server = Server(), storage = Server();
        server.Misbehave = (path, _) => path.EndsWith(Weights, StringComparison.Ordinal)
            ? new HubServer.Reply(307, [], ("Location", storage.Address + "elsewhere"))
            : null;
        storage.Misbehave = (_, _) => new HubServer.Reply(302, [], ("Location", "/elsewhere"));
        using var folder = new TemporaryFolder();
        (await Should.ThrowAsync<HubException>(() => PullAsync(server, folder, Weights, token: "hf_secret"))).Message.ShouldContain("redirects");
        storage.Requests.ShouldAllBe(request => !request.Headers.ContainsKey("authorization"));
    }

    [Theory]
    [InlineData(401, "HF_TOKEN")]
    [InlineData(403, "HF_TOKEN")]
    [InlineData(404, "no such")]
    public async Task Refusals_name_the_cure_and_are_not_repeated(int status, string cure)
    {
        using HubServer server = Server();
        server.Misbehave = (_, _) => new HubServer.Reply(status, []);
        using var folder = new TemporaryFolder();
        (await Should.ThrowAsync<HubException>(() => PullAsync(server, folder, Weights))).Message.ShouldContain(cure);
        server.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("../outside.json")]
    [InlineData("a/../../outside.json")]
    [InlineData("/etc/outside.json")]
    [InlineData("C:\\outside.json")]
    [InlineData("C:outside.json")]
    [InlineData("..\\outside.json")]
    [InlineData("a/./b.json")]
    [InlineData("a//b.json")]
    [InlineData("a\0b.json")]
    [InlineData("a\u001b[2Jb.json")]
    [InlineData("")]
    [InlineData("nul.json")]
    [InlineData("config.json.part")]
    public async Task No_path_of_the_hub_leaves_the_folder(string path)
    {
        using HubServer server = Server();
        server[path] = "{}"u8.ToArray();
        using var folder = new TemporaryFolder();
        string target = folder["target"];
        HubException fault = await Should.ThrowAsync<HubException>(() => PullAsync(server, target, "*"));
        fault.Message.ShouldContain("target folder");
        fault.Message.ShouldNotContain('\u001b');
        Directory.Exists(target).ShouldBeFalse();
        server.Requests.Count.ShouldBe(1, "nothing is downloaded from such a hub");
    }

    [Fact]
    public async Task Links_in_the_target_folder_are_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a right of their own there");
        using HubServer server = Server();
        server["sub/file.json"] = "{}"u8.ToArray();
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["outside"]);
        Directory.CreateDirectory(folder["target"]);
        Directory.CreateSymbolicLink(folder["target/sub"], folder["outside"]);
        (await Should.ThrowAsync<HubException>(() => PullAsync(server, folder["target"], "sub/*"))).Message.ShouldContain("link");
        File.CreateSymbolicLink(folder["target/model.safetensors.part"], folder["outside/file"]);
        (await Should.ThrowAsync<HubException>(() => PullAsync(server, folder["target"], Weights))).Message.ShouldContain("link");
        Directory.GetFiles(folder["outside"]).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"siblings":[{}]}""")]
    [InlineData("""{"siblings":[{"rfilename":"\ud800"}]}""")]
    public async Task A_list_that_is_none_is_refused(string json)
    {
        using HubServer server = Server();
        server.Misbehave = (_, _) => new HubServer.Reply(200, Encoding.UTF8.GetBytes(json));
        using var folder = new TemporaryFolder();
        await Should.ThrowAsync<HubException>(() => PullAsync(server, folder, "*"));
    }

    [Theory]
    [InlineData("name")]
    [InlineData("a/b/c")]
    [InlineData("../b")]
    [InlineData("a/..")]
    [InlineData("a/b?c")]
    [InlineData("a/")]
    public async Task A_repository_has_an_owner_and_a_name(string repository)
    {
        using HttpClient http = HubClient.CreateHttp();
        var client = new HubClient(http);
        await Should.ThrowAsync<ArgumentException>(() => client.ListAsync(repository, cancellation: Cancellation));
    }

    private static HubServer Server() => new()
    {
        ["config.json"] = Encoding.UTF8.GetBytes("""{"model_type":"mixtral"}"""),
        [Weights] = HubServer.Bytes(300_000, 1),
    };

    private static Task<IReadOnlyList<HubOutcome>> PullAsync(
        HubServer server, TemporaryFolder folder, string pattern, string? token = null, TimeSpan? silence = null,
        IProgress<HubProgress>? progress = null, CancellationToken? cancellation = null) =>
        PullAsync(server, folder.Path, pattern, token, silence, progress, cancellation);

    private static async Task<IReadOnlyList<HubOutcome>> PullAsync(
        HubServer server, string folder, string pattern, string? token = null, TimeSpan? silence = null,
        IProgress<HubProgress>? progress = null, CancellationToken? cancellation = null)
    {
        using HttpClient http = HubClient.CreateHttp();
        var client = new HubClient(http, new HubOptions
        {
            BaseAddress = server.Address,
            Token = token,
            FirstPause = TimeSpan.FromMilliseconds(1),
            SilenceLimit = silence ?? TimeSpan.FromSeconds(20),
        });
        HubListing listing = await client.ListAsync(HubServer.Repository, cancellation: cancellation ?? Cancellation);
        return await client.DownloadAsync(listing, HubSelection.Choose(listing, [pattern]), folder, progress, cancellation ?? Cancellation);
    }

    private static Task<byte[]> BytesAsync(TemporaryFolder folder, string path) => File.ReadAllBytesAsync(folder[path], Cancellation);

    private sealed class Watch(Action<HubProgress> act) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => act(value);
    }
}
