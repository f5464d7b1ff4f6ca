using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace MoeSharp.Cli;

/// <summary>Where a command reads and writes: results to one stream, everything else to the other.</summary>
/// <remarks>Results (text, tables, JSON) go to <see cref="Out"/>; progress, notes and faults to <see cref="Error"/>, so that a pipe
/// gets results only.</remarks>
internal sealed class Terminal
{
    private readonly Stream? _input;

    public Terminal(TextWriter output, TextWriter error, Stream? input = null)
    {
        _input = input;
        Out = output;
        Error = error;
        Tables = Open(output, Console.IsOutputRedirected || output != Console.Out);
        Progress = Open(error, Console.IsErrorRedirected || error != Console.Error);
    }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    /// <summary>Tables and bars on the output.</summary>
    public IAnsiConsole Tables { get; }

    /// <summary>Progress on the error stream.</summary>
    public IAnsiConsole Progress { get; }

    /// <summary>True when a person watches the error stream.</summary>
    public bool IsWatched => !Console.IsErrorRedirected && Error == Console.Error;

    /// <summary>The bytes that a command is given; the caller closes them.</summary>
    public Stream OpenInput() => _input ?? Console.OpenStandardInput();

    /// <summary>True when a person types the input.</summary>
    public bool IsTyped => _input is null && !Console.IsInputRedirected;

    /// <summary>The lines that a command is given: typed, or UTF-8.</summary>
    public TextReader OpenLines() => IsTyped ? Console.In : new StreamReader(OpenInput(), Encoding.UTF8);

    /// <summary>Writes one JSON document on a line of its own.</summary>
    public void WriteJsonLine(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(json);
        }

        Out.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
        Out.Flush();
    }

    /// <summary>Writes one JSON document, indented, with a line end; text as it is, since no page will hold it.</summary>
    public void WriteJson(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(json);
        }

        Out.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    private static IAnsiConsole Open(TextWriter writer, bool redirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
        {
            console.Profile.Width = 100; // a pipe has no width of its own
        }

        return console;
    }
}
