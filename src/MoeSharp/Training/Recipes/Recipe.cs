using System.Text.Json;
using System.Text.Json.Nodes;
using MoeSharp.Formats;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;

namespace MoeSharp.Training.Recipes;

/// <summary>A whole training run as one file: the text, the tokenizer, the model, its balance rule, and how it is trained.</summary>
/// <remarks>
/// <para>JSON: <c>{"corpus": {…}, "tokenizer": {…}, "model": {…}, "balance": {…}, "training": {…}}</c>. The model is written as the
/// <c>config.json</c> of a published family; its vocabulary and end token come from the tokenizer. Paths are relative to the file.</para>
/// <para><see cref="Read"/> reports the faults of all sections at once.</para>
/// </remarks>
public sealed record Recipe
{
    /// <summary>The text.</summary>
    public required CorpusRecipe Corpus { get; init; }

    /// <summary>The tokenizer to train or load.</summary>
    public required TokenizerRecipe Tokenizer { get; init; }

    /// <summary>The model, as the text of a <c>config.json</c>.</summary>
    public required string Model { get; init; }

    /// <summary>The balance rule.</summary>
    public BalanceRecipe Balance { get; init; } = new();

    /// <summary>How it is trained.</summary>
    public TrainingConfig Training { get; init; } = new();

    /// <summary>Reads a recipe.</summary>
    /// <param name="path">The JSON file.</param>
    /// <exception cref="ModelFormatException">The file is not a JSON object.</exception>
    /// <exception cref="ConfigException">Keys are missing, unknown or out of range; all are named.</exception>
    public static Recipe Read(string path)
    {
        JsonConfig json = JsonConfig.Read(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var faults = new List<string>();
        CorpusRecipe? corpus = Section(json, "corpus", section => CorpusRecipe.Read(section, folder));
        TokenizerRecipe? tokenizer = Section(json, "tokenizer", section => TokenizerRecipe.Read(section, folder));
        BalanceRecipe balance = json.Has("balance") ? Section(json, "balance", BalanceRecipe.Read) ?? new() : new();
        TrainingConfig training = json.Has("training") ? Section(json, "training", TrainingConfig.Read) ?? new() : new();
        string model = "";
        if (json.TryGetElement("model", out JsonElement element) && element.ValueKind == JsonValueKind.Object)
        {
            model = element.GetRawText();
            faults.AddRange(FaultsOfModel(model, tokenizer?.VocabularySize ?? 256));
        }
        else
        {
            json.AddFault("model is missing. Write it as the config.json of a published family.");
        }

        // Keys inside a section were its reader's to name.
        foreach (string key in json.UnreadKeys.Where(key => !key.Contains('.', StringComparison.Ordinal)))
        {
            json.AddFault($"{key} is not a section of a recipe. Sections are corpus, tokenizer, model, balance and training.");
        }

        ConfigException.ThrowIfAny(path, [.. json.Faults, .. faults]);
        return new Recipe { Corpus = corpus!, Tokenizer = tokenizer!, Model = model, Balance = balance, Training = training };
    }

    /// <summary>The facts of the model for a tokenizer.</summary>
    /// <param name="vocabularySize">V.</param>
    /// <param name="endToken">The token after every document.</param>
    /// <exception cref="ConfigException">The model section is faulty or not understood.</exception>
    public (Family Family, DecoderConfig Config) CreateConfig(int vocabularySize, int endToken)
    {
        JsonObject model = JsonNode.Parse(Model)!.AsObject();
        model["vocab_size"] = vocabularySize;
        model["bos_token_id"] = endToken;
        model["eos_token_id"] = endToken;
        return FamilyCatalogue.Parse(System.Text.Encoding.UTF8.GetBytes(model.ToJsonString()), "model");
    }

    /// <summary>Reads a section; its faults are noted in those of the whole.</summary>
    private static T? Section<T>(JsonConfig json, string key, Func<JsonConfig, T> read)
        where T : class
    {
        if (json.GetOptionalSection(key) is not { } section)
        {
            if (!json.Has(key))
            {
                json.AddFault($"{key} is missing. It must be an object.");
            }

            return null;
        }

        T value = read(section);
        foreach (string unread in section.UnreadKeys)
        {
            if (!section.Faults.Any(fault => fault.StartsWith(unread + " ", StringComparison.Ordinal)))
            {
                section.AddFault($"{unread} is not a key of this section. Check its spelling.");
            }
        }

        return value;
    }

    private static IEnumerable<string> FaultsOfModel(string model, int vocabularySize)
    {
        try
        {
            var recipe = new Recipe { Corpus = new() { Paths = [] }, Tokenizer = new(), Model = model };
            recipe.CreateConfig(vocabularySize, 0);
            return [];
        }
        catch (ConfigException fault)
        {
            return fault.Faults.Select(one => "model: " + one);
        }
        catch (ModelFormatException fault)
        {
            return [fault.Message];
        }
    }
}
