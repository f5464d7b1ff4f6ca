using MoeSharp.Data;
using MoeSharp.Formats;

namespace MoeSharp.Training.Recipes;

/// <summary>The text of a recipe.</summary>
public sealed record CorpusRecipe
{
    /// <summary>Files, folders or patterns.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>Where documents begin and end.</summary>
    public CorpusOptions Options { get; init; } = new();

    /// <summary>Share of the tokens that is never trained on.</summary>
    /// <value>0.02.</value>
    public double HeldOutShare { get; init; } = 0.02;

    /// <summary>True to hold out whole documents; false for the last part of each.</summary>
    public bool HoldsOutDocuments { get; init; } = true;

    /// <summary>Rows of held-out text that are measured during training, spread evenly; the end measures all.</summary>
    /// <value>128.</value>
    public int HeldOutRowCount { get; init; } = 128;

    /// <summary>The split.</summary>
    public HeldOutSplit Split => HoldsOutDocuments ? HeldOutSplit.Documents(HeldOutShare) : HeldOutSplit.Tails(HeldOutShare);

    /// <summary>Reads the section.</summary>
    /// <param name="json">The section.</param>
    /// <param name="folder">What paths are relative to.</param>
    internal static CorpusRecipe Read(JsonConfig json, string folder)
    {
        string[] paths = json.GetOptionalStrings("paths") ?? [];
        var recipe = new CorpusRecipe
        {
            Paths = [.. paths.Select(path => Path.GetFullPath(Path.Combine(folder, path)))],
            Options = new CorpusOptions
            {
                DocumentStart = json.GetOptionalString("documentStart"),
                Separator = json.GetOptionalString("separator"),
            },
            HeldOutShare = json.GetDoubleOr("heldOutShare", 0.02),
            HoldsOutDocuments = json.GetBoolOr("holdsOutDocuments", true),
            HeldOutRowCount = json.GetIntOr("heldOutRowCount", 128),
        };
        if (paths.Length == 0)
        {
            json.AddFault(json.Prefix + "paths must name at least one text file or folder.");
        }

        if (recipe.HeldOutShare is not (> 0 and < 1))
        {
            json.AddFault($"{json.Prefix}heldOutShare must be between 0 and 1, got {recipe.HeldOutShare}.");
        }

        if (recipe.HeldOutRowCount < 1)
        {
            json.AddFault($"{json.Prefix}heldOutRowCount must be at least 1, got {recipe.HeldOutRowCount}.");
        }

        return recipe;
    }
}
