using MoeSharp.Data;
using MoeSharp.Text.Training;

namespace MoeSharp.Training.Recipes;

/// <summary>What a run does before its first step.</summary>
/// <param name="Message">One line for a person.</param>
public readonly record struct RecipeProgress(string Message)
{
    internal static RecipeProgress Of(TokenizerTrainingProgress progress) => new(
        progress.Tokens == 0
            ? $"reading words: {progress.BytesRead / 1e6:F0} MB, {progress.Words:N0} distinct"
            : $"training the tokenizer: {progress.Tokens:N0} of {progress.TokensWanted:N0} tokens");

    internal static RecipeProgress Of(CorpusProgress progress) => new(
        $"tokenising: {progress.Bytes / 1e6:F0} MB, {progress.Tokens:N0} tokens ({progress.Source})");
}
