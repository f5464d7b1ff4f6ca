using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using MoeSharp.Text;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe tokenize MODEL_OR_TOKENIZER</c>: text of the standard input as token ids, or ids as text.</summary>
internal static class TokenizeCommand
{
    private static readonly JsonWriterOptions s_asText = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var path = new Argument<string>("MODEL_OR_TOKENIZER")
        {
            Description = "A folder with a tokenizer, a tokenizer.json, a tokenizer.model, a .gguf file, or 'tiny' for the built-in model.",
        };
        var lines = new Option<bool>("--jsonl") { Description = "Read one JSON string a line and print {\"ids\": […]} a line (with --ids the other way)." };
        var special = new Option<bool>("--special") { Description = "Recognise the text of special tokens; by default it is ordinary text." };
        var addSpecial = new Option<bool>("--add-special") { Description = "As --special, and add the begin and end tokens that the tokenizer's file names." };
        var ids = new Option<bool>("--ids") { Description = "Read ids and print their text, special tokens too." };
        var command = new Command("tokenize", "Turn text from the standard input into token ids, or ids into text.") { path, lines, special, addSpecial, ids };
        command.SetAction(async (parsed, cancellation) =>
        {
            string name = parsed.GetValue(path)!;
            Tokenizer tokenizer = RunCommand.IsTiny(name) ? Model.Tiny.Tokenizer! : Tokenizer.Load(name);
            bool adds = parsed.GetValue(addSpecial);
            bool recognises = adds || parsed.GetValue(special);
            bool decodes = parsed.GetValue(ids);
            await using Stream input = terminal.OpenInput();
            if (parsed.GetValue(lines))
            {
                await RunLinesAsync(terminal, input, line => decodes
                    ? Json(json => json.WriteStringValue(tokenizer.Decode(ReadIds(line))))
                    : Json(json => WriteIds(json, tokenizer.Encode(ReadText(line), recognises, adds))), cancellation).ConfigureAwait(false);
                return ExitCode.Done;
            }

            using var content = new MemoryStream();
            await input.CopyToAsync(content, cancellation).ConfigureAwait(false);
            ReadOnlyMemory<byte> bytes = content.GetBuffer().AsMemory(0, (int)content.Length);
            if (decodes)
            {
                string text = tokenizer.Decode(ParseIds(Encoding.UTF8.GetString(bytes.Span)));
                Print(terminal, parsed.GetValue(common.Json), text, json => json.WriteString("text", text), endsLine: false);
            }
            else
            {
                int[] tokens = tokenizer.Encode(bytes.Span, recognises, adds);
                Print(terminal, parsed.GetValue(common.Json), string.Join(' ', tokens), json => WriteIdList(json, tokens), endsLine: true);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(Terminal terminal, bool asJson, string text, Action<Utf8JsonWriter> write, bool endsLine)
    {
        if (asJson)
        {
            terminal.WriteJson(json =>
            {
                json.WriteStartObject();
                write(json);
                json.WriteEndObject();
            });
        }
        else
        {
            terminal.Out.Write(endsLine ? text + "\n" : text);
        }
    }

    private static async Task RunLinesAsync(Terminal terminal, Stream input, Func<string, string> answer, CancellationToken cancellation)
    {
        using var reader = new StreamReader(input, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
        int number = 0;
        while (true)
        {
            string line;
            number++;
            try
            {
                if (await reader.ReadLineAsync(cancellation).ConfigureAwait(false) is not string next)
                {
                    break;
                }

                line = next.Length == 0 ? "" : answer(next);
            }
            catch (Exception fault) when (fault is JsonException or DecoderFallbackException or InvalidOperationException or UsageException)
            {
                // Half a surrogate pair is an InvalidOperationException of the JSON reader.
                string what = fault is UsageException ? fault.Message : "it is not one JSON text in UTF-8, such as \"Hello\" (with --ids: [1, 2]).";
                throw new InvalidDataException($"line {number} of the input: {what}");
            }

            // An empty line, such as one at the end, answers nothing.
            if (line.Length > 0)
            {
                await terminal.Out.WriteAsync(line + "\n").ConfigureAwait(false);
            }
        }
    }

    private static string ReadText(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.ValueKind == JsonValueKind.String
            ? document.RootElement.GetString()!
            : throw new UsageException($"a JSON string is wanted, got {document.RootElement.ValueKind}.");
    }

    private static int[] ReadIds(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement list = document.RootElement;
        if (list.ValueKind == JsonValueKind.Object && list.TryGetProperty("ids", out JsonElement inner))
        {
            list = inner;
        }

        return list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(element => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int id) && id >= 0
                ? id
                : throw new UsageException($"'{element.GetRawText()}' is not a token id. Use whole numbers from 0."))]
            : throw new UsageException($"a list of ids or {{\"ids\": […]}} is wanted, got {list.ValueKind}.");
    }

    private static int[] ParseIds(string text) =>
    [
        .. text.Split([' ', ',', '\t', '\r', '\n', '[', ']'], StringSplitOptions.RemoveEmptyEntries)
            .Select(part => int.TryParse(part, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int id)
                ? id
                : throw new InvalidDataException($"the input: '{part}' is not a token id. Use whole numbers from 0, separated by spaces or commas.")),
    ];

    private static void WriteIds(Utf8JsonWriter json, int[] ids)
    {
        json.WriteStartObject();
        WriteIdList(json, ids);
        json.WriteEndObject();
    }

    private static void WriteIdList(Utf8JsonWriter json, int[] ids)
    {
        json.WriteStartArray("ids");
        foreach (int id in ids)
        {
            json.WriteNumberValue(id);
        }

        json.WriteEndArray();
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_asText))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
