using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using MoeSharp.Tensors;
using MoeSharp.Training;
using MoeSharp.Training.Callbacks;
using MoeSharp.Training.Recipes;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe train RECIPE --out FOLDER</c>: trains a model as a recipe says; the same command again goes on.</summary>
internal static class TrainCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var file = new Argument<string>("RECIPE") { Description = "A recipe (JSON): corpus, tokenizer, model, balance, training." };
        var folder = new Option<string>("--out") { Description = "The folder of the run; a run that stands there goes on.", Required = true, HelpName = "FOLDER" };
        var steps = new Option<long?>("--steps") { Description = "Steps instead of the recipe's.", HelpName = "N" };
        var rate = new Option<double?>("--learning-rate") { Description = "Learning rate instead of the recipe's.", HelpName = "X" };
        steps.Validators.Add(result => Demand(result, result.Tokens.Count == 0 || !long.TryParse(result.Tokens[0].Value, out long n) || n >= 1, "at least 1"));
        rate.Validators.Add(result => Demand(
            result,
            result.Tokens.Count == 0 || !double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out double x) || x > 0,
            "greater than 0"));
        var command = new Command("train", "Train a model on text, as a recipe says.") { file, folder, steps, rate };
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                Recipe recipe = Adjust(Recipe.Read(parsed.GetValue(file)!), parsed, common, parsed.GetValue(steps), parsed.GetValue(rate));
                string target = parsed.GetValue(folder)!;
                using Workers workers = common.OpenWorkers(parsed);
                return Run(terminal, recipe, target, workers, parsed.GetValue(common.Json), cancellation);
            },
            CancellationToken.None));
        return command;
    }

    private static int Run(
        Terminal terminal, Recipe recipe, string folder, Workers workers, bool asJson, CancellationToken cancellation)
    {
        using RecipeRun run = RecipeRun.Prepare(recipe, folder, new PreparationLines(terminal), workers, cancellation);
        terminal.Error.WriteLine(
            $"{run.Family.ModelType}: {run.Decoder.Config.CountParameters().Total:N0} parameters, {run.Decoder.Config.CountParameters().Active:N0} active a token; "
            + $"{run.TrainingText.TokenCount:N0} tokens to train on, {run.HeldOutText.TokenCount:N0} held out");
        using var display = new TrainingDisplay(terminal);
        TrainingResult result = run.Train(
            [display, new CollapseWatch(run.Model.ExpertLayers, notice => display.Note(notice.Message))], cancellation);
        display.Dispose();
        terminal.Error.WriteLine(result.Describe(recipe.Training.StepCount));
        if (result.Reason == StopReason.Cancelled)
        {
            return ExitCode.Interrupted;
        }

        HeldOutResult heldOut = run.MeasureHeldOut();
        run.Export();
        if (asJson)
        {
            terminal.WriteJson(json =>
            {
                json.WriteStartObject();
                json.WriteString("model", run.ModelFolder);
                json.WriteNumber("steps", result.State.Step);
                json.WriteNumber("tokens", result.State.TokensSeen);
                json.WriteNumber("seconds", result.State.Elapsed.TotalSeconds);
                json.WriteNumber("heldOutLoss", heldOut.Loss);
                json.WriteNumber("bitsPerByte", heldOut.BitsPerByte);
                json.WriteNumber("heldOutTokens", heldOut.TokenCount);
                json.WriteNumber("heldOutBytes", heldOut.ByteCount);
                json.WriteEndObject();
            });
        }
        else
        {
            terminal.Out.WriteLine(
                $"held-out: {heldOut.Loss:F4} nats a token, {heldOut.BitsPerByte:F4} bits per byte ({heldOut.TokenCount:N0} tokens, {heldOut.ByteCount:N0} bytes)");
            terminal.Out.WriteLine($"Try it: moe run {run.ModelFolder} \"Once upon a time\"");
        }

        return ExitCode.Done;
    }

    private static void Demand(OptionResult result, bool holds, string allowed)
    {
        if (!holds)
        {
            result.AddError($"{result.Option.Name} must be {allowed}, got {result.Tokens[0].Value}.");
        }
    }

    private static Recipe Adjust(Recipe recipe, ParseResult parsed, CommonOptions common, long? steps, double? rate)
    {
        TrainingConfig training = recipe.Training;
        bool seedIsGiven = parsed.GetResult(common.Seed) is { Implicit: false };
        training = training with
        {
            StepCount = steps ?? training.StepCount,
            WarmupStepCount = Math.Min(training.WarmupStepCount, steps ?? training.WarmupStepCount),
            LearningRate = rate ?? training.LearningRate,
            Seed = seedIsGiven ? parsed.GetValue(common.Seed) : training.Seed,
        };
        return recipe with { Training = training.Validate() };
    }

    private sealed class PreparationLines(Terminal terminal) : IProgress<RecipeProgress>
    {
        private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);
        private long _last = TimeProvider.System.GetTimestamp();

        public void Report(RecipeProgress value)
        {
            if (TimeProvider.System.GetElapsedTime(_last) >= s_pause)
            {
                _last = TimeProvider.System.GetTimestamp();
                terminal.Error.WriteLine(value.Message);
            }
        }
    }
}
