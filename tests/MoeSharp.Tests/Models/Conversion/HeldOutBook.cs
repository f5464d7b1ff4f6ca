using System.Text;
using MoeSharp.Data;
using MoeSharp.Tests.HouseRules;

namespace MoeSharp.Tests.Models.Conversion;

/// <summary>"The Adventures of Tom Sawyer", which <c>recipes/tiny.json</c> holds out: the built-in model was never trained on it.</summary>
internal static class HeldOutBook
{
    private const string Title = "# Title: The Adventures of Tom Sawyer\n";
    private const string Middle = "##  CHAPTER XI ";

    /// <summary>Chapters I to X, to calibrate with.</summary>
    public static string FirstChapters => Text[..Cut];

    /// <summary>The chapters after these, to measure on.</summary>
    public static string LaterChapters => Text[Cut..];

    private static string Text { get; } = Read();

    private static int Cut => Text.IndexOf(Middle, StringComparison.Ordinal);

    private static string Read()
    {
        string path = Path.Combine(SourceTree.Root, "data", "classic-books", "mark-twain.txt.gz");
        return TextCorpus.Open([path], new CorpusOptions { DocumentStart = "# Title: " }).Documents()
            .Select(document => Encoding.UTF8.GetString(document.Text.Span)).Single(text => text.StartsWith(Title, StringComparison.Ordinal));
    }
}
