using System.CommandLine;
using System.Text.Json;
using MoeSharp.Analysis.Verification;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe verify PATH</c>: checks the files of a model without loading it; with <c>--deep</c> every weight.</summary>
internal static class VerifyCommand
{
    private const double Mega = 1e6;

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var path = new Argument<string>("PATH") { Description = "A model folder, or a safetensors, GGUF, tokenizer or configuration file." };
        var deep = new Option<bool>("--deep") { Description = "Look at every weight: NaN, infinite values, experts that are zero throughout." };
        var command = new Command("verify", "Check the files of a model without loading it: 0 sound, 1 faulty.") { path, deep };
        command.SetAction((parsed, cancellation) =>
        {
            VerifyReport report;
            using (var line = new ProgressLine(terminal))
            {
                report = ModelVerifier.Verify(parsed.GetValue(path)!, parsed.GetValue(deep), new Progress(line), cancellation);
            }

            if (parsed.GetValue(common.Json))
            {
                terminal.WriteJson(json => WriteJson(json, report, parsed.GetValue(deep)));
            }
            else
            {
                Write(terminal, report, parsed.GetValue(deep));
            }

            return Task.FromResult(report.IsSound ? ExitCode.Done : ExitCode.Failed);
        });
        return command;
    }

    private static void Write(Terminal terminal, VerifyReport report, bool isDeep)
    {
        foreach (VerifiedFile file in report.Files)
        {
            string tensors = file.TensorCount > 0 ? $", {file.TensorCount:N0} tensors" : "";
            terminal.Out.WriteLine($"{file.Name}: {file.Format}, {file.Bytes:N0} bytes{tensors}");
        }

        foreach (VerifyFinding finding in report.Findings)
        {
            terminal.Out.WriteLine($"{(finding.IsFault ? "fault" : "note")}: {finding}");
        }

        int faults = report.Findings.Count(static finding => finding.IsFault);
        string scanned = !isDeep ? "weights not looked at (--deep does)" : $"{report.ScannedBytes:N0} bytes of weights looked at";
        string verdict = faults == 0 ? "sound" : faults == 1 ? "faulty: 1 fault" : $"faulty: {faults} faults";
        terminal.Out.WriteLine($"{verdict}; {(report.Model is null ? "" : report.Model + ", ")}{report.TensorCount:N0} tensors, {report.ElementCount:N0} elements, {scanned}");
    }

    private static void WriteJson(Utf8JsonWriter json, VerifyReport report, bool isDeep)
    {
        json.WriteStartObject();
        json.WriteBoolean("sound", report.IsSound);
        json.WriteString("model", report.Model);
        json.WriteNumber("tensors", report.TensorCount);
        json.WriteNumber("elements", report.ElementCount);
        json.WriteBoolean("deep", isDeep);
        json.WriteNumber("scannedBytes", report.ScannedBytes);
        json.WriteStartArray("files");
        foreach (VerifiedFile file in report.Files)
        {
            json.WriteStartObject();
            json.WriteString("name", file.Name);
            json.WriteString("format", file.Format);
            json.WriteNumber("bytes", file.Bytes);
            json.WriteNumber("tensors", file.TensorCount);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("findings");
        foreach (VerifyFinding finding in report.Findings)
        {
            json.WriteStartObject();
            json.WriteBoolean("fault", finding.IsFault);
            json.WriteString("file", finding.File);
            json.WriteString("item", finding.Item);
            if (finding.Offset is { } offset)
            {
                json.WriteNumber("offset", offset);
            }
            else
            {
                json.WriteNull("offset");
            }

            json.WriteString("message", finding.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Tells at once: the library's own would tell on another thread, later.</summary>
    private sealed class Progress(ProgressLine line) : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) => line.Tell(
            (double)value.DoneBytes / Math.Max(value.AllBytes, 1),
            () => $"{value.DoneBytes / Mega:N0} of {value.AllBytes / Mega:N0} MB  {value.Tensor}");
    }
}
