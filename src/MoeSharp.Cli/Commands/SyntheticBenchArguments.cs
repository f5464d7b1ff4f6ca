using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MoeSharp.Analysis;
using MoeSharp.Analysis.Planning;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe bench --shape NAME</c>: a synthetic model of a published shape, predicted and measured.</summary>
internal sealed class SyntheticBenchArguments
{
    private readonly Option<string?> _shape = new("--shape")
    {
        Description = $"Measure a model of random weights instead: {string.Join(", ", ModelShapes.All.Keys)}.",
        HelpName = "NAME",
    };

    private readonly Option<string[]> _types = new("--type")
    {
        Description = "How the matrices of the synthetic model are stored, as Q4_K; Q4_0 by default, may be repeated.",
        HelpName = "TYPE",
    };

    private readonly Option<int?> _layers = new("--layers") { Description = "Layers of the synthetic model; all by default.", HelpName = "N" };

    private readonly Option<int> _prompt = new("--prompt")
    {
        Description = "Tokens of the synthetic model's prompt.",
        HelpName = "N",
        DefaultValueFactory = _ => 512,
    };

    private readonly Option<bool> _processorTime = new("--processor-time")
    {
        Description = "Count the processor's time instead of the clock's, for the synthetic model with one thread on a machine that others use.",
    };

    public void AddTo(Command command)
    {
        _shape.AcceptOnlyFromAmong([.. ModelShapes.All.Keys]);
        _prompt.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int count) && count is < 1 or > 4000)
            {
                result.AddError($"--prompt: {result.Tokens[0].Value} is out of range. Use 1 to 4000.");
            }
        });
        command.Options.Add(_shape);
        command.Options.Add(_types);
        command.Options.Add(_layers);
        command.Options.Add(_prompt);
        command.Options.Add(_processorTime);
    }

    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_shape) is not null;

    public int Run(ParseResult parsed, Terminal terminal, CommonOptions common, CancellationToken cancellation)
    {
        string shape = parsed.GetValue(_shape)!;
        DecoderConfig config = ModelShapes.Find(shape, parsed.GetValue(_layers));
        string[] types = parsed.GetValue(_types) is { Length: > 0 } some ? some : ["Q4_0"];
        BlockFormat[] formats = [.. types.Select(FormatOf)];
        using Workers workers = common.OpenWorkers(parsed);
        bool processorTime = parsed.GetValue(_processorTime);
        if (processorTime && workers.Count > 1)
        {
            throw new UsageException($"--processor-time counts one thread, and {workers.Count} are asked for. Add --threads 1.");
        }

        var results = new List<(SyntheticBench Bench, MachineSpeed Machine)>();
        MachinePeaks? peaks = null;
        foreach (BlockFormat format in formats)
        {
            terminal.Error.WriteLine("measuring peaks of this machine …");
            peaks = MachinePeaks.Measure(processorTime);
            var machine = MachineSpeed.From(peaks, workers.Count);
            SyntheticBench bench = SyntheticBench.Plan(config, format, machine, parsed.GetValue(_prompt));
            terminal.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{format.Name} predicted: decode {bench.Predicted.DecodeTokensPerSecond:F2} tokens/s, prompt {bench.Predicted.PrefillTokensPerSecond:F1} tokens/s; measuring …"));
            bench.Run(workers, processorTime, cancellation);
            results.Add((bench, machine));
            if (!parsed.GetValue(common.Json))
            {
                Write(terminal, shape, bench, machine);
            }
        }

        if (parsed.GetValue(common.Json))
        {
            terminal.WriteJson(json => WriteJson(json, shape, config, results, peaks!, workers.Count, processorTime));
        }

        return ExitCode.Done;
    }

    private static BlockFormat FormatOf(string type) => BlockFormats.Find(type) is { CanQuantize: true } found
        ? found
        : throw new UsageException($"--type: '{type}' is no type that weights can be stored in. Use one of "
            + $"{string.Join(", ", BlockFormats.All.Where(known => known.CanQuantize).Select(known => known.Name))}.");

    private static void Write(Terminal terminal, string shape, SyntheticBench bench, MachineSpeed machine)
    {
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{shape}, {bench.Config.LayerCount} layers in {bench.Format.Name}: {bench.WeightBytes / 1e9:F2} GB; the machine reads {machine.BandwidthGBs:F1} GB/s, multiplies {machine.Float32Gflops:F0} GFLOP/s"));
        terminal.Out.WriteLine(Line("decode", bench.DecodeTokensPerSecond, bench.Predicted.DecodeTokensPerSecond));
        terminal.Out.WriteLine(Line($"prompt of {bench.Prompt}", bench.PrefillTokensPerSecond, bench.Predicted.PrefillTokensPerSecond));
    }

    private static string Line(string what, double measured, double predicted) => string.Create(CultureInfo.InvariantCulture,
        $"{what}: {measured:F2} tokens/s measured, {predicted:F2} predicted ({predicted / measured:F2} times)");

    private static void WriteJson(
        Utf8JsonWriter json, string shape, DecoderConfig config, List<(SyntheticBench Bench, MachineSpeed Machine)> results, MachinePeaks peaks, int threads, bool processorTime)
    {
        ActiveParameters active = ActiveParameters.Of(config);
        json.WriteStartObject();
        json.WriteString("shape", shape);
        json.WriteNumber("layers", config.LayerCount);
        json.WriteNumber("prompt", results[0].Bench.Prompt);
        json.WriteNumber("threads", threads);
        json.WriteBoolean("processorTime", processorTime);
        json.WriteString("cpu", peaks.Cpu);
        json.WriteNumber("laneWidth", peaks.LaneWidth);
        json.WriteStartObject("parameters");
        json.WriteNumber("total", config.CountParameters().Total);
        json.WriteNumber("activeWithEmbedding", active.WithEmbedding);
        json.WriteNumber("activeWithoutEmbedding", active.WithoutEmbedding);
        json.WriteEndObject();
        json.WriteStartArray("results");
        foreach ((SyntheticBench bench, MachineSpeed machine) in results)
        {
            json.WriteStartObject();
            json.WriteString("type", bench.Format.Name);
            json.WriteNumber("bytes", bench.WeightBytes);
            json.WriteNumber("bandwidthGBs", Math.Round(machine.BandwidthGBs, 2));
            json.WriteNumber("float32Gflops", Math.Round(machine.Float32Gflops, 2));
            WriteSpeeds(json, "predicted", bench.Predicted.DecodeTokensPerSecond, bench.Predicted.PrefillTokensPerSecond);
            WriteSpeeds(json, "measured", bench.DecodeTokensPerSecond, bench.PrefillTokensPerSecond);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteSpeeds(Utf8JsonWriter json, string name, double decode, double prefill)
    {
        json.WriteStartObject(name);
        json.WriteNumber("decodeTokensPerSecond", Math.Round(decode, 4));
        json.WriteNumber("prefillTokensPerSecond", Math.Round(prefill, 4));
        json.WriteEndObject();
    }
}
