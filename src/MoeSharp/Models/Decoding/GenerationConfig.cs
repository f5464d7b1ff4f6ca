using System.Text.Json.Nodes;
using MoeSharp.Formats;
using MoeSharp.Models.Decoding.Families;

namespace MoeSharp.Models.Decoding;

/// <summary>The file <c>generation_config.json</c>: of it, only the end tokens are facts of the model; the rest are habits of its makers.</summary>
public static class GenerationConfig
{
    /// <summary>Its name.</summary>
    public const string FileName = "generation_config.json";

    /// <summary>The end tokens; empty when it names none.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="file">How to call it in messages.</param>
    /// <exception cref="ModelFormatException">It is not a JSON object.</exception>
    /// <exception cref="ConfigException">The end tokens are not numbers.</exception>
    public static NumberList ReadEndTokens(ReadOnlyMemory<byte> json, string file)
    {
        JsonConfig config = JsonConfig.Parse(file, json.Span);
        var tokens = NumberList.Create(config.GetOptionalInts("eos_token_id") ?? []);
        config.ThrowIfFaulty();
        return tokens;
    }

    /// <summary>The content for a model.</summary>
    /// <param name="config">The model.</param>
    /// <param name="endTokens">All its end tokens.</param>
    public static string Write(DecoderConfig config, IReadOnlyList<int> endTokens)
    {
        var tokens = NumberList.Create([.. endTokens]);
        var json = new JsonObject
        {
            ["bos_token_id"] = config.BeginToken,
            ["eos_token_id"] = tokens.Count == 1 ? tokens[0] : HfShared.Array(tokens),
            ["pad_token_id"] = config.PaddingToken,
        };
        return json.ToJsonString(FamilyCatalogue.Indented) + "\n";
    }
}
