using System.CommandLine;
using System.Text;
using System.Text.Json;
using MoeSharp.Analysis.Scoring;

namespace MoeSharp.Cli.Commands;

/// <summary>The options of commands that read a text with a model: windows, and how weights are multiplied.</summary>
internal sealed class TextArguments
{
    private const int DefaultWindow = 512;

    private readonly Option<int?> _window = new("--window") { Description = $"Tokens of a window; {DefaultWindow}, or the model's longest, by default.", HelpName = "N" };
    private readonly Option<int?> _stride = new("--stride") { Description = "Tokens from one window to the next; the window by default.", HelpName = "N" };
    private readonly Option<bool> _half = new("--half") { Description = "Count only the second half of each window, as llama.cpp does." };

    /// <summary>Multiplies block formats in float32.</summary>
    public static Option<bool> Exact() => new("--exact")
    {
        Description = "Multiply dequantised weights in float32: the definition of the answer. By default activations have 8 bits beside block formats.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_window);
        command.Options.Add(_stride);
        command.Options.Add(_half);
    }

    /// <summary>The windows that were asked for.</summary>
    public WindowOptions Read(ParseResult parsed, Model model) => new()
    {
        Length = parsed.GetValue(_window) ?? Math.Min(DefaultWindow, model.Config.PositionCount),
        Stride = parsed.GetValue(_stride) ?? 0,
        IsHalf = parsed.GetValue(_half),
    };

    /// <summary>The tokens of a text file.</summary>
    public static int[] Encode(Model model, string file)
    {
        string text = File.ReadAllText(file, Encoding.UTF8);
        return text.Length > 0 ? model.Encode(text) : throw new InvalidDataException($"{Path.GetFileName(file)}: the file is empty. Give a text.");
    }

    /// <summary>How well a model predicts, as a JSON object.</summary>
    public static void WriteJson(Utf8JsonWriter json, string name, string model, ScoredText score)
    {
        json.WriteStartObject(name);
        json.WriteString("model", model);
        json.WriteNumber("perplexity", score.Perplexity);
        json.WriteNumber("standardError", score.StandardError);
        json.WriteNumber("meanNats", score.MeanNats);
        json.WriteNumber("bitsPerByte", score.BitsPerByte);
        json.WriteEndObject();
    }

    /// <summary>The windows, as a JSON object.</summary>
    public static void WriteJson(Utf8JsonWriter json, WindowOptions options)
    {
        json.WriteStartObject("windows");
        json.WriteNumber("length", options.Length);
        json.WriteNumber("stride", options.Stride == 0 ? options.Length : options.Stride);
        json.WriteBoolean("half", options.IsHalf);
        json.WriteEndObject();
    }

    /// <summary>Shows how far the reading is.</summary>
    internal sealed class Display(ProgressLine line, string what, Func<double, double> value) : IProgress<ScoreProgress>
    {
        public void Report(ScoreProgress progress) => line.Tell(
            progress.DoneTokens / (double)progress.TotalTokens,
            () => FormattableString.Invariant(
                $"{progress.DoneTokens:N0} of {progress.TotalTokens:N0} tokens, {progress.DoneTokens / line.Elapsed.TotalSeconds:F0} tokens/s, {what} {value(progress.MeanNats):G5}"));
    }
}
