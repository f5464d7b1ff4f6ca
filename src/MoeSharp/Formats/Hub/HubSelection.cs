using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace MoeSharp.Formats.Hub;

/// <summary>Which files of a repository to bring.</summary>
public static partial class HubSelection
{
    private const int ListedFiles = 20;

    private static readonly string[] s_text =
    [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "tiktoken.model", "special_tokens_map.json",
        "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json", "LICENSE*",
    ];

    /// <summary>Chooses files.</summary>
    /// <param name="listing">The repository.</param>
    /// <param name="patterns">Paths, with <c>*</c> and <c>?</c> for any text and any character; empty for what a model needs: configuration,
    /// tokenizer, template, and its safetensors or its one GGUF file (all parts of it).</param>
    /// <exception cref="HubException">A pattern fits no file, there are no weights, or it is not clear which.</exception>
    public static IReadOnlyList<HubFile> Choose(HubListing listing, IReadOnlyList<string> patterns)
    {
        if (patterns.Count == 0)
        {
            return [.. Fitting(listing, s_text), .. Weights(listing)];
        }

        foreach (string pattern in patterns)
        {
            if (!listing.Files.Any(file => Fits(pattern, file)))
            {
                throw new HubException($"{listing.Repository}: no file is called '{HubPaths.Show(pattern)}'. It has {Describe(listing.Files)}.");
            }
        }

        return [.. Fitting(listing, patterns)];
    }

    private static HubFile[] Weights(HubListing listing)
    {
        HubFile[] root = [.. listing.Files.Where(file => !file.Path.Contains('/'))];
        HubFile[] tensors = [.. root.Where(file => ModelTensors().IsMatch(file.Path))];
        if (tensors.Length == 0)
        {
            tensors = [.. root.Where(file => Fits("*.safetensors", file) && !Fits("consolidated*", file))];
        }

        if (tensors.Length > 0)
        {
            return tensors.Length > 1 ? [.. root.Where(file => Fits("*.safetensors.index.json", file)), .. tensors] : tensors;
        }

        HubFile[] gguf = [.. listing.Files.Where(file => file.Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))];
        string[] models = [.. gguf.Select(file => PartNumber().Replace(file.Path, "")).Distinct(StringComparer.Ordinal)];
        return models.Length switch
        {
            1 => gguf,
            0 => throw new HubException($"{listing.Repository}: has no safetensors and no GGUF file. It has {Describe(listing.Files)}. Choose with --file."),
            _ => throw new HubException($"{listing.Repository}: has {models.Length} GGUF models: {Describe(gguf)}. Choose one with --file, as --file \"*Q4_K_M*\"."),
        };
    }

    private static IEnumerable<HubFile> Fitting(HubListing listing, IReadOnlyList<string> patterns) =>
        listing.Files.Where(file => patterns.Any(pattern => Fits(pattern, file)));

    private static bool Fits(string pattern, HubFile file) => FileSystemName.MatchesSimpleExpression(pattern, file.Path, ignoreCase: false);

    private static string Describe(IReadOnlyList<HubFile> files)
    {
        string names = string.Join(", ", files.Take(ListedFiles).Select(file =>
            HubPaths.Show(file.Path) + (file.Length is { } length ? $" ({length / 1e6:N1} MB)" : "")));
        return files.Count == 0 ? "no files" : files.Count > ListedFiles ? $"{names} and {files.Count - ListedFiles} more" : names;
    }

    [GeneratedRegex(@"^model(-\d{5}-of-\d{5})?\.safetensors$", RegexOptions.CultureInvariant)]
    private static partial Regex ModelTensors();

    [GeneratedRegex(@"-\d{5}-of-\d{5}(?=\.gguf$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PartNumber();
}
