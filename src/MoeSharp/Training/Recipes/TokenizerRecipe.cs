using MoeSharp.Formats;

namespace MoeSharp.Training.Recipes;

/// <summary>The tokenizer of a recipe: a file to load, or a size to train.</summary>
public sealed record TokenizerRecipe
{
    /// <summary>A <c>tokenizer.json</c>; null to train one on the corpus.</summary>
    public string? Path { get; init; }

    /// <summary>V of a tokenizer that is trained, its special tokens included.</summary>
    /// <value>4096.</value>
    public int VocabularySize { get; init; } = 4096;

    /// <summary>The text of the token after every document.</summary>
    /// <value><c>&lt;|endoftext|&gt;</c>.</value>
    public string EndToken { get; init; } = Text.Training.TokenizerTrainer.EndOfText;

    /// <summary>Reads the section.</summary>
    /// <param name="json">The section.</param>
    /// <param name="folder">What the path is relative to.</param>
    internal static TokenizerRecipe Read(JsonConfig json, string folder)
    {
        string? path = json.GetOptionalString("path");
        var recipe = new TokenizerRecipe
        {
            Path = path is null ? null : System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, path)),
            VocabularySize = json.GetIntOr("vocabularySize", 4096),
            EndToken = json.GetStringOr("endToken", Text.Training.TokenizerTrainer.EndOfText),
        };
        if (recipe.VocabularySize < 257)
        {
            json.AddFault($"{json.Prefix}vocabularySize must be at least 257 (all bytes and the end token), got {recipe.VocabularySize}.");
        }

        return recipe;
    }
}
