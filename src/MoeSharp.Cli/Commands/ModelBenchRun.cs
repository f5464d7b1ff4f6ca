using System.CommandLine;
using System.Globalization;
using MoeSharp.Analysis;
using MoeSharp.Analysis.Planning;
using MoeSharp.Analysis.Speed;
using MoeSharp.Experts.Routing;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Text;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe bench MODEL</c> and <c>moe bench --shape NAME</c>: how fast a model is, and which share of the machine that is.</summary>
internal sealed class ModelBenchRun(BenchArguments arguments, ParseResult parsed, Terminal terminal, CommonOptions common, CancellationToken cancellation)
{
    private const string DefaultType = "Q4_K_M";

    private readonly List<BenchedModel> _models = [];
    private readonly SpeedOptions _options = arguments.Options(parsed);

    public int Run(string[] only)
    {
        string[] parts = BenchArguments.PartsOf(only);
        using Workers workers = common.OpenWorkers(parsed);
        arguments.Check(parsed, workers.Count);
        if (parts.Contains("write") && parsed.GetValue(arguments.Write) is null)
        {
            throw new UsageException("--only write: there is nothing to write to. Name a --shape and --write FILE.gguf.");
        }

        if (parts is ["write"])
        {
            return WriteOnly();
        }

        // Everything that can be wrong with the request is told before the machine is measured.
        QuantizationRecipe[] recipes = [];
        DecoderConfig config;
        if (parsed.GetValue(arguments.Shape) is not null)
        {
            recipes = [.. (parsed.GetValue(arguments.Types) is { Length: > 0 } some ? some : [DefaultType]).Select(RecipeOf)];
            config = ShapeOf(parts);
        }
        else
        {
            using StoredModel stored = ConvertCommand.OpenSource(parsed.GetValue(arguments.Model)!);
            config = stored.Config;
        }

        _options.Experts.ThrowUnlessFits(config.Experts?.TopK ?? 0);
        MachinePeaks peaks = MeasurePeaks("peaks of this machine");
        foreach (QuantizationRecipe recipe in recipes)
        {
            MeasureShape(config, recipe, parts, workers, peaks);
            peaks = MeasurePeaks("peaks once more").Max(peaks);
        }

        if (recipes.Length == 0)
        {
            MeasureFile(parsed.GetValue(arguments.Model)!, parts, workers, peaks);
            peaks = MeasurePeaks("peaks once more").Max(peaks);
        }

        new BenchReport(terminal, peaks, workers.Count).Write(
            parsed.GetValue(common.Json), parsed.GetValue(arguments.Shape), parsed.GetValue(arguments.Model), config, _options, _models);
        if (parsed.GetValue(arguments.Svg) is { } svg)
        {
            File.WriteAllText(svg, RooflineChart.Draw(peaks, workers.Count, Title(config), Dots()));
        }

        return ExitCode.Done;
    }

    private int WriteOnly()
    {
        string file = parsed.GetValue(arguments.Write)!, shape = parsed.GetValue(arguments.Shape)!;
        QuantizationRecipe recipe = RecipeOf(parsed.GetValue(arguments.Types) is { Length: > 0 } types ? types[0] : DefaultType);
        WriteFile(file, ShapeOf(["depth"]), recipe);
        long bytes = new FileInfo(file).Length;
        if (parsed.GetValue(common.Json))
        {
            terminal.WriteJson(json =>
            {
                json.WriteStartObject();
                json.WriteString("shape", shape);
                json.WriteString("type", recipe.Name);
                json.WriteString("file", file);
                json.WriteNumber("bytes", bytes);
                json.WriteEndObject();
            });
        }
        else
        {
            terminal.Out.WriteLine($"{file}: {shape} in {recipe.Name}, {ByteSize.Show(bytes)}");
        }

        return ExitCode.Done;
    }

    private static QuantizationRecipe RecipeOf(string type)
    {
        try
        {
            return SyntheticModel.Recipe(type);
        }
        catch (ArgumentException fault)
        {
            throw new UsageException("--type: " + fault.Message.Split(" (Parameter")[0]);
        }
    }

    // Room for the depth and what follows it, also where the published model ends earlier.
    private DecoderConfig ShapeOf(string[] parts)
    {
        DecoderConfig config = ModelShapes.Find(parsed.GetValue(arguments.Shape)!, parsed.GetValue(arguments.Layers));
        int depth = parts.Contains("depth") ? parsed.GetValue(arguments.Depth) : SpeedOptions.ShallowDepth;
        int wanted = Math.Max(depth + _options.DecodeTokens, _options.Prompt);
        return config.PositionCount >= wanted ? config : config with { PositionCount = (wanted + 1023) / 1024 * 1024 };
    }

    private string NameOf(DecoderConfig config, QuantizationRecipe recipe) =>
        $"{parsed.GetValue(arguments.Shape)}-{config.LayerCount}-layers-{recipe.Name}";

    private string Architecture => ModelShapes.ArchitectureOf(parsed.GetValue(arguments.Shape)!);

    private void MeasureShape(DecoderConfig config, QuantizationRecipe recipe, string[] parts, Workers workers, MachinePeaks peaks)
    {
        var model = new BenchedModel(recipe.Name);
        _models.Add(model);
        if (parsed.GetValue(arguments.Write) is { } file)
        {
            WriteFile(file, config, recipe);
            MeasureLoaded(file, model, recipe, parts, workers, peaks);
            model.FileBytes = new FileInfo(file).Length;
            return;
        }

        if (parts.Any(part => part is "prefill" or "decode" or "depth" or "batch"))
        {
            Tell($"making {NameOf(config, recipe)}");
            MeasureDecoder(SyntheticModel.Create(config, recipe, architecture: Architecture), model, parts, workers, peaks);
        }

        if (parts.Contains("load"))
        {
            string temporary = Path.Combine(Path.GetTempPath(), $"moe-bench-{Environment.ProcessId}-{NameOf(config, recipe)}.gguf");
            try
            {
                WriteFile(temporary, config, recipe);
                MeasureLoad(temporary, model, workers);
            }
            finally
            {
                File.Delete(temporary);
            }
        }

        MeasureRest(model, recipe, RunTokenizer(parts), parts, workers);
    }

    private void MeasureFile(string path, string[] parts, Workers workers, MachinePeaks peaks)
    {
        QuantizationRecipe? recipe = null;
        using (StoredModel stored = ConvertCommand.OpenSource(path))
        {
            if (stored.Gguf?.Values.GetOptionalInt("general.file_type") is { } number
                && QuantizationRecipe.Names.LastOrDefault(name => QuantizationRecipe.Parse(name).FileType == number) is { } found)
            {
                recipe = QuantizationRecipe.Parse(found);
            }
        }

        var model = new BenchedModel(recipe?.Name ?? "");
        _models.Add(model);
        MeasureLoaded(path, model, recipe, parts, workers, peaks);
    }

    private void MeasureLoaded(string path, BenchedModel model, QuantizationRecipe? recipe, string[] parts, Workers workers, MachinePeaks peaks)
    {
        Tell($"loading {path}");
        Tokenizer? tokenizer = MeasureFileDecoder(path, model, parts, workers, peaks);
        if (parts.Contains("load") && !RunCommand.IsTiny(path))
        {
            MeasureLoad(path, model, workers);
        }

        MeasureRest(model, recipe, parts.Contains("tokenize") ? tokenizer : null, parts, workers);
    }

    // Ends the life of the model with its frame, before the file is loaded once more.
    private Tokenizer? MeasureFileDecoder(string path, BenchedModel model, string[] parts, Workers workers, MachinePeaks peaks)
    {
        if (RunCommand.IsTiny(path))
        {
            MeasureDecoder(Model.Tiny.Decoder, model, parts, workers, peaks);
            return Model.Tiny.Tokenizer;
        }

        using var loaded = Model.Load(path, workers);
        MeasureDecoder(loaded.Decoder, model, parts, workers, peaks);
        return loaded.Tokenizer;
    }

    private void MeasureDecoder(Decoder decoder, BenchedModel model, string[] parts, Workers workers, MachinePeaks peaks)
    {
        var speed = new ModelSpeed(decoder, workers, _options, cancellation);
        (model.Bytes, model.Formats) = (speed.WeightBytes, speed.BytesByFormat);
        model.Type = model.Type.Length > 0 ? model.Type : speed.BytesByFormat.MaxBy(pair => pair.Value).Key;
        SpeedPrediction? predicted = _options.Experts.IsNone ? speed.Predict(MachineSpeed.From(peaks, workers.Count)) : null; // of all experts
        foreach (string part in parts)
        {
            switch (part)
            {
                case "prefill":
                    Add(model, part, () => speed.Prefill() with { Predicted = predicted?.PrefillTokensPerSecond });
                    break;
                case "decode":
                    Add(model, part, () => speed.Decode() with { Predicted = predicted?.DecodeTokensPerSecond });
                    break;
                case "depth":
                    Add(model, "decode at depth", () => speed.DecodeAt(parsed.GetValue(arguments.Depth), peaks));
                    break;
                case "batch":
                    Add(model, "decode together", () => speed.DecodeTogether(parsed.GetValue(arguments.Batch)));
                    break;
            }
        }
    }

    private void MeasureLoad(string path, BenchedModel model, Workers workers)
    {
        model.FileBytes = File.Exists(path) ? new FileInfo(path).Length : 0;
        Add(model, "load", () => LoadSpeed.Measure(path, workers, _options, cancellation));
    }

    private void MeasureRest(BenchedModel model, QuantizationRecipe? recipe, Tokenizer? tokenizer, string[] parts, Workers workers)
    {
        if (tokenizer is not null)
        {
            Add(model, "tokenize", () => TextSpeed.Measure(tokenizer, _options));
        }

        if (parts.Contains("quantize") && recipe is { Format.CanQuantize: true })
        {
            Add(model, "quantize", () => QuantizeSpeed.Measure(recipe.Format, workers, _options, cancellation));
        }

        if (parts.Contains("sparsity") && recipe is not null)
        {
            Add(model, "sparsity", () => SparsitySpeed.Measure(recipe, workers, _options with { Experts = ExpertReduction.None }, cancellation: cancellation));
        }
    }

    private void WriteFile(string path, DecoderConfig config, QuantizationRecipe recipe)
    {
        using var line = new ProgressLine(terminal);
        line.Note($"writing {path} …");
        SyntheticModel.Write(
            path, config, recipe, NameOf(config, recipe), architecture: Architecture, progress: new DirectProgress<(long Done, long Total)>(
                step => line.Tell((double)step.Done / step.Total, () => ByteSize.Show(step.Done))),
            cancellation: cancellation);
    }

    private static Tokenizer? RunTokenizer(string[] parts) => parts.Contains("tokenize") ? Model.Tiny.Tokenizer : null;

    private IEnumerable<RooflineDot> Dots() =>
        from model in _models
        from measure in model.Measures
        where measure is { Gops: not null, OperationsPerByte: not null }
        select new RooflineDot(_models.Count > 1 ? $"{measure.Name} {model.Type}" : measure.Name, measure.OperationsPerByte!.Value, measure.Gops!.Value);

    private string Title(DecoderConfig config) => string.Create(CultureInfo.InvariantCulture,
        $"{parsed.GetValue(arguments.Shape) ?? Path.GetFileName(parsed.GetValue(arguments.Model))}, {config.LayerCount} layers, {string.Join(", ", _models.Select(model => model.Type))}");

    private void Add(BenchedModel model, string what, Func<SpeedMeasure> measure)
    {
        cancellation.ThrowIfCancellationRequested();
        Tell($"measuring {what}");
        model.Measures.Add(measure());
    }

    private MachinePeaks MeasurePeaks(string what)
    {
        Tell("measuring " + what);
        return MachinePeaks.Measure(_options.ProcessorTime);
    }

    private void Tell(string what) => terminal.Error.WriteLine(what + " …");
}
