using System.Text.Json;
using MoeSharp.Models.Conversion;
using Spectre.Console;

namespace MoeSharp.Cli.Commands;

/// <summary>Shows what a conversion did: size and error by part, and what was not quantised, and why.</summary>
internal static class ConversionText
{
    private const int ListedTensors = 6;

    public static void Write(Terminal terminal, StoredModel model, ConversionReport report, bool asJson, bool showsError, bool showsReasons)
    {
        if (asJson)
        {
            terminal.WriteJson(json => WriteJson(json, model, report));
            return;
        }

        Table table = new Table().Border(TableBorder.Simple).AddColumn("part").AddColumn("stored as")
            .AddColumn(new TableColumn("parameters").RightAligned()).AddColumn(new TableColumn("bytes before").RightAligned())
            .AddColumn(new TableColumn("bytes").RightAligned()).AddColumn(new TableColumn("bits").RightAligned());
        if (showsError)
        {
            table.AddColumn(new TableColumn("error").RightAligned());
        }

        foreach (QuantizedPart part in report.Parts.Append(report.All))
        {
            string[] cells =
            [
                part.Part, string.Join(", ", part.Types), $"{part.Elements:N0}", $"{part.BytesBefore:N0}", $"{part.Bytes:N0}", $"{part.BitsPerElement:F2}",
                $"{part.Error.Relative:P2}",
            ];
            table.AddRow(showsError ? cells : cells[..^1]);
        }

        terminal.Tables.Write(table);
        if (showsError)
        {
            terminal.Out.WriteLine("error: root mean square of what was lost, relative to the weights");
        }

        // A conversion leaves every number as it is; only fewer bits need a reason not to be there.
        foreach (IGrouping<string, QuantizedTensor> group in report.Tensors.Where(tensor => tensor.Reason is not null && showsReasons)
            .GroupBy(tensor => $"{tensor.To}: {tensor.Reason}"))
        {
            string[] names = [.. group.Select(tensor => tensor.Name)];
            string more = names.Length > ListedTensors ? $" and {names.Length - ListedTensors} more" : "";
            terminal.Out.WriteLine($"{group.Key}: {string.Join(", ", names.Take(ListedTensors))}{more}");
        }

        foreach (string note in report.Notes)
        {
            terminal.Out.WriteLine($"note: {note}");
        }

        terminal.Out.WriteLine($"{report.Path}: {report.Layout}, {report.Tensors.Count} tensors, {report.All.Bytes:N0} bytes of weights");
    }

    private static void WriteJson(Utf8JsonWriter json, StoredModel model, ConversionReport report)
    {
        json.WriteStartObject();
        json.WriteString("source", model.Path);
        json.WriteString("file", report.Path);
        json.WriteString("layout", report.Layout);
        json.WriteStartArray("parts");
        foreach (QuantizedPart part in report.Parts)
        {
            WritePart(json, part);
        }

        json.WriteEndArray();
        json.WritePropertyName("all");
        WritePart(json, report.All);
        json.WriteStartArray("tensors");
        foreach (QuantizedTensor tensor in report.Tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("part", tensor.Part);
            json.WriteString("from", tensor.From);
            json.WriteString("to", tensor.To);
            json.WriteNumber("parameters", tensor.Elements);
            json.WriteNumber("bytesBefore", tensor.BytesBefore);
            json.WriteNumber("bytes", tensor.Bytes);
            json.WriteNumber("error", tensor.Error.Relative);
            json.WriteBoolean("weighted", tensor.IsWeighted);
            json.WriteString("reason", tensor.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("notes");
        foreach (string note in report.Notes)
        {
            json.WriteStringValue(note);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter json, QuantizedPart part)
    {
        json.WriteStartObject();
        json.WriteString("part", part.Part);
        json.WriteStartArray("types");
        foreach (string type in part.Types)
        {
            json.WriteStringValue(type);
        }

        json.WriteEndArray();
        json.WriteNumber("parameters", part.Elements);
        json.WriteNumber("bytesBefore", part.BytesBefore);
        json.WriteNumber("bytes", part.Bytes);
        json.WriteNumber("bitsPerParameter", part.BitsPerElement);
        json.WriteNumber("error", part.Error.Relative);
        json.WriteEndObject();
    }
}
