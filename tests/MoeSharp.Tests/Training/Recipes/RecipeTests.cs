using MoeSharp.Training.Recipes;

namespace MoeSharp.Tests.Training.Recipes;

public sealed class RecipeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moe-recipe-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Faults_of_all_sections_are_told_once_each_with_their_place()
    {
        ConfigException fault = Should.Throw<ConfigException>(() => Read(
            """
            {
              "corpus": { "paths": [], "heldOutShare": 2 },
              "tokenizer": { "vocabularySize": 5 },
              "model": { "model_type": "mixtral", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
                         "num_key_value_heads": 2, "num_local_experts": 8, "num_experts_per_tok": 2 },
              "balance": { "routerZ": "much" },
              "training": { "stepCount": 0, "learningrat": 3 },
              "tarining": {}
            }
            """));

        fault.Faults.ShouldBe(
        [
            "corpus.paths must name at least one text file or folder.",
            "corpus.heldOutShare must be between 0 and 1, got 2.",
            "tokenizer.vocabularySize must be at least 257 (all bytes and the end token), got 5.",
            "balance.routerZ must be a finite number, got \"much\".",
            "training.learningrat is not a key of the training configuration. Check its spelling.",
            "training.stepCount must be at least 1, got 0.",
            "training.warmupStepCount must be at most StepCount (0), got 100.",
            "tarining is not a section of a recipe. Sections are corpus, tokenizer, model, balance and training.",
        ]);
    }

    [Fact]
    public void Missing_sections_are_named_together()
    {
        Should.Throw<ConfigException>(() => Read("{}")).Faults.ShouldBe(
        [
            "corpus is missing. It must be an object.",
            "tokenizer is missing. It must be an object.",
            "model is missing. Write it as the config.json of a published family.",
        ]);
    }

    private void Read(string json)
    {
        string path = Path.Combine(_folder, "recipe.json");
        File.WriteAllText(path, json);
        Recipe.Read(path);
    }
}
