using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace MoeSharp.Tests.Formats.Hub;

/// <summary>A hub on this machine that can be told to misbehave: one request a connection.</summary>
internal sealed class HubServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<string, byte[]> _files = [];

    public HubServer()
    {
        _listener.Start();
        _ = ListenAsync();
    }

    public const string Repository = "owner/small-model";

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>What was asked, in order: path and headers.</summary>
    public ConcurrentQueue<(string Path, Dictionary<string, string> Headers)> Requests { get; } = [];

    /// <summary>Answers instead of the files, where it returns something.</summary>
    public Func<string, Dictionary<string, string>, Reply?> Misbehave { get; set; } = (_, _) => null;

    /// <summary>Lists sizes and checksums.</summary>
    public bool ListsFacts { get; set; } = true;

    /// <summary>Files whose checksum is SHA-256 (large files); others have git's.</summary>
    public Func<string, bool> IsLarge { get; set; } = path => path.EndsWith(".safetensors", StringComparison.Ordinal);

    /// <summary>Understands ranges.</summary>
    public bool KnowsRanges { get; set; } = true;

    public byte[] this[string path]
    {
        get => _files[path];
        set => _files[path] = value;
    }

    public static byte[] Bytes(int length, byte seed)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)((i * 31) + (i >> 8) + seed);
        }

        return bytes;
    }

    public static string GitId(byte[] content) =>
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    /// <summary>The whole answer to a request for a file, as this server gives it.</summary>
    public Reply Serve(string path, Dictionary<string, string> headers)
    {
        byte[] content = _files[path];
        string tag = $"\"{(IsLarge(path) ? Convert.ToHexStringLower(SHA256.HashData(content)) : GitId(content))}\"";
        int from = 0;
        bool wants = KnowsRanges && headers.TryGetValue("range", out string? range)
            && int.TryParse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture, out from)
            && (!headers.TryGetValue("if-range", out string? condition) || condition == tag);
        if (!wants)
        {
            return new Reply(200, content, ("ETag", tag));
        }

        return from >= content.Length
            ? new Reply(416, [], ("Content-Range", $"bytes */{content.Length}"), ("ETag", tag))
            : new Reply(206, content[from..], ("Content-Range", $"bytes {from}-{content.Length - 1}/{content.Length}"), ("ETag", tag));
    }

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_end.Token);
                _ = AnswerAsync(client);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
                string path = (await reader.ReadLineAsync(_end.Token) ?? "GET / HTTP/1.1").Split(' ')[1];
                var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 } line)
                {
                    int colon = line.IndexOf(':');
                    headers[line[..colon]] = line[(colon + 1)..].Trim();
                }

                Requests.Enqueue((path, headers));
                Reply reply = Misbehave(path, headers) ?? Answer(path, headers);
                await SendAsync(client, stream, reply);
            }
            catch (Exception fault) when (fault is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // the client went away
            }
        }
    }

    private async Task SendAsync(TcpClient client, NetworkStream stream, Reply reply)
    {
        var head = new StringBuilder($"HTTP/1.1 {reply.Status} Word\r\nConnection: close\r\n");
        if (reply.TellsLength)
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {reply.Body.Length}\r\n");
        }

        foreach ((string name, string value) in reply.Headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), _end.Token);
        await stream.WriteAsync(reply.Body.AsMemory(0, Math.Min(reply.Body.Length, reply.SentBytes)), _end.Token);
        await stream.FlushAsync(_end.Token);
        if (reply.Silence > TimeSpan.Zero)
        {
            await Task.Delay(reply.Silence, _end.Token);
        }

        if (reply.Resets)
        {
            client.LingerState = new LingerOption(true, 0);
        }
    }

    private Reply Answer(string path, Dictionary<string, string> headers)
    {
        if (path.StartsWith($"/api/models/{Repository}/revision/main", StringComparison.Ordinal))
        {
            return new Reply(200, Encoding.UTF8.GetBytes(Listing().ToJsonString()));
        }

        string prefix = $"/{Repository}/resolve/main/";
        string name = path.StartsWith(prefix, StringComparison.Ordinal) ? Uri.UnescapeDataString(path[prefix.Length..]) : "";
        return _files.ContainsKey(name) ? Serve(name, headers) : new Reply(404, []);
    }

    private JsonObject Listing()
    {
        var siblings = new JsonArray();
        foreach ((string path, byte[] content) in _files)
        {
            var sibling = new JsonObject { ["rfilename"] = path };
            if (ListsFacts)
            {
                sibling["size"] = content.Length;
                sibling["blobId"] = IsLarge(path) ? new string('0', 40) : GitId(content);
                if (IsLarge(path))
                {
                    sibling["lfs"] = new JsonObject { ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content)), ["size"] = content.Length };
                }
            }

            siblings.Add((JsonNode)sibling);
        }

        return new JsonObject { ["sha"] = "0123abcd", ["siblings"] = siblings };
    }

    /// <summary>One answer.</summary>
    internal sealed class Reply(int status, byte[] body, params (string Name, string Value)[] headers)
    {
        public int Status => status;

        public byte[] Body => body;

        public (string Name, string Value)[] Headers => headers;

        /// <summary>Bytes of the body that are sent before the connection ends.</summary>
        public int SentBytes { get; init; } = int.MaxValue;

        /// <summary>Ends with a reset instead of an orderly close.</summary>
        public bool Resets { get; init; }

        /// <summary>Says how long the body is.</summary>
        public bool TellsLength { get; init; } = true;

        /// <summary>Says nothing for this time, at the end.</summary>
        public TimeSpan Silence { get; init; }
    }
}
