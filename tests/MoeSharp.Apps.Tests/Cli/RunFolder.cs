using System.Globalization;
using System.Text;
using MoeSharp.Tensors;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary>A folder for one test with a small corpus and a recipe in it; removed afterwards.</summary>
internal sealed class RunFolder : IDisposable
{
    private static readonly string[] s_sentences =
    [
        "It was the best of times, it was the worst of times. ", "It was the age of wisdom, it was the age of foolishness. ",
        "It was the epoch of belief, it was the epoch of incredulity. ", "It was the season of Light, it was the season of Darkness. ",
        "It was the spring of hope, it was the winter of despair. ", "We had everything before us, we had nothing before us. ",
    ];

    public RunFolder()
    {
        Root = Path.Combine(Path.GetTempPath(), "moesharp-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(Root);
        File.WriteAllText(PathOf("corpus.txt"), Corpus());
    }

    public string Root { get; }

    /// <summary>Where the run goes.</summary>
    public string Run => PathOf("run");

    public string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>Writes a recipe of a model that trains in a second.</summary>
    /// <param name="steps">Optimiser steps.</param>
    /// <param name="hiddenSize">D.</param>
    /// <param name="corpus">The file to read.</param>
    public string Recipe(int steps = 30, int hiddenSize = 32, string corpus = "corpus.txt")
    {
        string path = PathOf(string.Create(CultureInfo.InvariantCulture, $"recipe-{steps}-{hiddenSize}-{corpus}.json"));
        File.WriteAllText(path, $$"""
            {
              "corpus": { "paths": ["{{corpus}}"], "documentStart": "# ", "heldOutShare": 0.2, "heldOutRowCount": 8 },
              "tokenizer": { "vocabularySize": 320 },
              "model": {
                "model_type": "mixtral", "hidden_size": {{hiddenSize}}, "num_hidden_layers": 2, "num_attention_heads": 2,
                "num_key_value_heads": 1, "intermediate_size": 32, "num_local_experts": 4, "num_experts_per_tok": 2,
                "hidden_act": "silu", "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                "tie_word_embeddings": false
              },
              "training": {
                "stepCount": {{steps}}, "batchSize": 4, "sequenceLength": 32, "learningRate": 0.005, "warmupStepCount": 5,
                "evaluateEvery": 20, "saveEvery": 20
              }
            }
            """);
        return path;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static string Corpus()
    {
        var rng = new Rng(seed: 4);
        var text = new StringBuilder();
        for (int document = 0; document < 10; document++)
        {
            text.Append(CultureInfo.InvariantCulture, $"# Chapter {document}\n");
            for (int i = 0; i < 25; i++)
            {
                text.Append(s_sentences[rng.NextInt(s_sentences.Length)]);
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
