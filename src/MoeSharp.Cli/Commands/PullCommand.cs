using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MoeSharp.Formats.Hub;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe pull OWNER/NAME</c>: downloads a model from a Hugging Face-style hub, and goes on where it stopped.</summary>
internal static class PullCommand
{
    private static readonly string[] s_hubVariables = ["MOE_HUB", "HF_ENDPOINT"];

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var repository = new Argument<string>("OWNER/NAME") { Description = "The repository." };
        var patterns = new Option<string[]>("--file")
        {
            Description = "Files to bring, * for any text; may be repeated. By default what a model needs: configuration, tokenizer and weights.",
            HelpName = "PATTERN",
        };
        var folder = new Option<string?>("--to") { Description = "The folder to put them in; by default one of the repository's name, here.", HelpName = "FOLDER" };
        var revision = new Option<string>("--revision") { Description = "A branch, tag or commit.", HelpName = "NAME", DefaultValueFactory = _ => "main" };
        var hub = new Option<string?>("--hub")
        {
            Description = "Address of the hub; otherwise that of MOE_HUB or HF_ENDPOINT, or https://huggingface.co. A token is taken from HF_TOKEN.",
            HelpName = "URL",
        };
        var command = new Command("pull", "Download a model from a Hugging Face-style hub; goes on where it stopped.") { repository, patterns, folder, revision, hub };
        command.SetAction(async (parsed, cancellation) =>
        {
            string name = parsed.GetValue(repository)!;
            using HttpClient http = HubClient.CreateHttp();
            var client = new HubClient(http, new HubOptions { BaseAddress = AddressOf(parsed.GetValue(hub)), Token = Variable("HF_TOKEN") });
            HubListing listing = await client.ListAsync(name, parsed.GetValue(revision)!, cancellation).ConfigureAwait(false);
            IReadOnlyList<HubFile> files = HubSelection.Choose(listing, parsed.GetValue(patterns) ?? []);
            string target = parsed.GetValue(folder) ?? name.Split('/')[1];

            IReadOnlyList<HubOutcome> outcomes;
            TimeSpan elapsed;
            using (var line = new ProgressLine(terminal))
            {
                outcomes = await client.DownloadAsync(listing, files, target, new Display(line), cancellation).ConfigureAwait(false);
                elapsed = line.Elapsed;
            }

            if (parsed.GetValue(common.Json))
            {
                terminal.WriteJson(json => WriteJson(json, listing, target, outcomes, elapsed));
            }
            else
            {
                Write(terminal, target, outcomes, elapsed);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Uri AddressOf(string? option)
    {
        string text = option ?? s_hubVariables.Select(Variable).FirstOrDefault(value => value is not null) ?? "https://huggingface.co";
        return Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
            ? address
            : throw new UsageException($"'{text}' is no address of a hub. Use one that begins with https://.");
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name)?.Trim() is { Length: > 0 } value ? value : null;

    private static void Write(Terminal terminal, string target, IReadOnlyList<HubOutcome> outcomes, TimeSpan elapsed)
    {
        foreach (HubOutcome outcome in outcomes)
        {
            string what = outcome.ReceivedBytes == 0 ? "was there" : outcome.ReceivedBytes < outcome.Length ? "resumed" : "downloaded";
            terminal.Out.WriteLine($"{outcome.Path}: {outcome.Length:N0} bytes, {what}, {outcome.Checked} compared");
        }

        double megabytes = outcomes.Sum(outcome => outcome.ReceivedBytes) / 1e6;
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{outcomes.Count} files in {target}; {megabytes:N1} MB received in {elapsed.TotalSeconds:F1} s ({megabytes / elapsed.TotalSeconds:F1} MB/s)"));
    }

    private static void WriteJson(Utf8JsonWriter json, HubListing listing, string target, IReadOnlyList<HubOutcome> outcomes, TimeSpan elapsed)
    {
        json.WriteStartObject();
        json.WriteString("repository", listing.Repository);
        json.WriteString("revision", listing.Revision);
        json.WriteString("commit", listing.Commit);
        json.WriteString("folder", target);
        json.WriteStartArray("files");
        foreach (HubOutcome outcome in outcomes)
        {
            json.WriteStartObject();
            json.WriteString("path", outcome.Path);
            json.WriteNumber("bytes", outcome.Length);
            json.WriteNumber("receivedBytes", outcome.ReceivedBytes);
            json.WriteString("checked", outcome.Checked);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("seconds", elapsed.TotalSeconds);
        json.WriteEndObject();
    }

    private sealed class Display(ProgressLine line) : IProgress<HubProgress>
    {
        public void Report(HubProgress value)
        {
            if (value.Note is not null)
            {
                line.Note(value.Note);
            }

            line.Tell(value.DoneBytes / Math.Max(1.0, value.TotalBytes), () => string.Create(CultureInfo.InvariantCulture,
                $"{value.Path}, {value.DoneBytes / 1e6:N1} of {value.TotalBytes / 1e6:N1} MB, {value.DoneBytes / 1e6 / line.Elapsed.TotalSeconds:F1} MB/s"));
        }
    }
}
