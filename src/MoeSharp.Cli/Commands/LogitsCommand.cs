using System.CommandLine;
using System.Globalization;
using MoeSharp.Analysis;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe logits MODEL --ids 5,7,9 --out FILE</c>: writes everything a model answers, for checking it against another program.</summary>
internal static class LogitsCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var path = new Argument<string>("MODEL") { Description = "A model folder, a .gguf file, or 'tiny' for the built-in model." };
        Option<bool> exact = TextArguments.Exact();
        var ids = new Option<string>("--ids") { Description = "Token ids, separated by commas.", Required = true, HelpName = "5,7,9" };
        var target = new Option<string>("--out") { Description = "The safetensors file to write.", Required = true, HelpName = "FILE" };
        var command = new Command("logits", "Write logits, hidden states and routing of some tokens as safetensors.") { path, ids, target, exact };
        command.SetAction(parsed =>
        {
            int[] tokens = ParseIds(parsed.GetValue(ids)!);
            string file = parsed.GetValue(target)!;
            using Workers workers = common.OpenWorkers(parsed);
            Decoder decoder = OpenDecoder(parsed.GetValue(path)!, parsed.GetValue(exact));
            LogitsDump dump = LogitsDump.Run(decoder, tokens, workers);
            dump.Save(file);
            if (parsed.GetValue(common.Json))
            {
                terminal.WriteJson(json =>
                {
                    json.WriteStartObject();
                    json.WriteString("file", file);
                    json.WriteNumber("tokens", tokens.Length);
                    json.WriteNumber("vocabulary", decoder.Config.VocabularySize);
                    json.WriteNumber("hiddenStates", dump.Hidden.Count);
                    json.WriteNumber("expertLayers", dump.Routing.Count);
                    json.WriteEndObject();
                });
            }
            else
            {
                terminal.Out.WriteLine(
                    $"{file}: logits [{tokens.Length}, {decoder.Config.VocabularySize}], {dump.Hidden.Count} hidden states, routing of {dump.Routing.Count} layers.");
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The decoder alone: ids are given, so a tokenizer that is not understood is no obstacle.</summary>
    private static Decoder OpenDecoder(string path, bool isExact)
    {
        if (RunCommand.IsTiny(path))
        {
            return Model.Tiny.Decoder;
        }

        using StoredModel model = StoredModel.Open(path);
        return model.Load(new WeightOptions { IsExact = isExact });
    }

    private static int[] ParseIds(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        int[] ids = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out ids[i]))
            {
                throw new UsageException($"--ids: '{parts[i]}' is not a token id. Use whole numbers separated by commas, as 5,7,9.");
            }
        }

        return ids.Length > 0 ? ids : throw new UsageException("--ids: there is no id. Use whole numbers separated by commas, as 5,7,9.");
    }
}
